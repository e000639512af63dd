// Tells whoever started a server where it is.

export function serving(port) {
  console.log(`Serving http://127.0.0.1:${port}/graphql`);
}
