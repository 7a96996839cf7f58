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

# Licences and known vulnerabilities of the crates that enter the build.
dependencies:
    .ci/dependencies

# Random bytes for everything that reads what somebody else wrote: each target for so many seconds (see CONTRIBUTING.md).
fuzz seconds="300" *targets="":
    fuzz/run.sh {{seconds}} {{targets}}

# Side-by-side measurements (see bench/README.md).
bench *ARGS:
    bench/run.py {{ARGS}}

# Clients that others wrote, against the emulator (see docs/emulator.md).
conformance:
    conformance/run.sh

# The documentation of every crate.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
