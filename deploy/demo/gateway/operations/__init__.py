"""The operations of the admin API, one file a resource: each is SQL and a before and after."""
