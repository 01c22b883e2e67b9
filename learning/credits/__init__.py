"""The CPD credit engine: rules as data, a pure award function, an append-only ledger."""
