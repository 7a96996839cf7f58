# The image of the Keboola component: the one binary, certificates, and a user without rights.
FROM rust:1.95-slim-bookworm AS build

WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN cargo build --release --locked --package orgtap

FROM debian:bookworm-slim

# The certificates of the usual authorities; without them nothing can be reached over TLS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*

COPY --from=build /source/target/release/orgtap /usr/local/bin/orgtap

# A number, so that the platform can see that it is not root. The platform mounts /data for it.
USER 1000:1000

ENTRYPOINT ["orgtap", "component"]
