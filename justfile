# What CI runs.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace

# All tests.
test:
    cargo test --workspace

# The end-to-end tests of the binary.
e2e:
    cargo test -p orgtap --test it

# The main job, against a local org.
demo:
    cargo run -- demo

# Side-by-side measurements (see bench/README.md).
bench *ARGS:
    bench/run.py {{ARGS}}

# Clients that others wrote, against the emulator (see docs/emulator.md).
conformance:
    conformance/run.sh

# The documentation of every crate.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
