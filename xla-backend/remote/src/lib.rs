//! Tests and measurements of the remote backend; see `tests/` and `examples/`.
