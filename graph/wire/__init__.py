"""What the transports are made of: bodies, forms, media types, frames, streams; little of it is GraphQL."""
