# Keybearer as an image: one static program, a user that is not root, one volume. docs/deployment.md says how to run it.

FROM docker.io/library/rust:1.95-alpine AS build
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /source
COPY . .
# On Alpine, Rust links programs statically.
RUN cargo build --release --locked --package keybearer \
    && mkdir -p /image/data /image/tmp /image/etc/ssl/certs \
    && chmod 1777 /image/tmp \
    && cp target/release/keybearer /image/keybearer \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 --chmod=700 /image/data /data
USER 65532:65532
ENV PATH=/ \
    KEYBEARER_DATA_DIR=/data \
    KEYBEARER_LISTEN=0.0.0.0:5000 \
    KEYBEARER_PLAIN_HTTP=true
VOLUME /data
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/keybearer", "healthcheck"]
ENTRYPOINT ["/keybearer"]
CMD ["serve"]
