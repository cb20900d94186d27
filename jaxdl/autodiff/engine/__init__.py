"""The core: tracers and traces, the primitives' table of rules, and the three interpreters of it."""
