"""What mutations are given, and how it becomes what resolvers take."""
