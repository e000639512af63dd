// The documents of a small Relay app, as relay-compiler finds them; relay.mjs runs what it makes of them.
import { graphql } from "relay-runtime";

graphql`
  query appAccountQuery($id: ID!) {
    account(id: $id) {
      id
      ...appContracts
    }
  }
`;

graphql`
  fragment appContracts on Account
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "appContractsPaginationQuery") {
    name
    agreements(first: $count, after: $cursor, orderBy: [{ field: NAME }])
      @connection(key: "app_agreements", filters: []) {
      edges {
        node {
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

graphql`
  query appNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on Agreement {
        name
        status
      }
    }
  }
`;

graphql`
  query appMissingQuery($id: ID!) {
    agreement(id: $id) @catch(to: RESULT) {
      name
    }
  }
`;

graphql`
  mutation appCreateMutation($input: CreateAccountInput!) {
    createAccount(input: $input) {
      account {
        name
        domain
      }
      userErrors {
        code
        field
        message
      }
    }
  }
`;

graphql`
  mutation appDeactivateMutation($input: DeactivateAgreementInput!) {
    deactivateAgreement(input: $input) {
      agreement {
        id
        status
      }
    }
  }
`;

graphql`
  mutation appAttachMutation($input: AttachDocumentInput!) {
    attachDocument(input: $input) {
      document {
        fileName
        contentType
        size
        sha256
        kind
      }
      userErrors {
        code
        field
      }
    }
  }
`;

graphql`
  subscription appProgressSubscription($id: ID!) {
    jobProgress(id: $id) {
      kind
      status
    }
  }
`;

graphql`
  query appDeferredQuery($id: ID!) {
    account(id: $id) {
      name
      ...appRows @defer
    }
  }
`;

graphql`
  fragment appRows on Account {
    domain
    agreements(first: 3, orderBy: [{ field: NAME }]) {
      edges {
        node {
          name
        }
      }
    }
  }
`;

graphql`
  query appStreamedQuery($id: ID!) {
    account(id: $id) {
      name
      agreements(first: 4, orderBy: [{ field: NAME }])
        @stream_connection(key: "app_streamed__agreements", initial_count: 1, filters: []) {
        edges {
          node {
            name
          }
        }
      }
    }
  }
`;
