//! Makes messages, the server's trait and the JSON of proto3 from the `.proto` of the Catena face. Needs no `protoc`.

use std::error::Error;
use std::path::Path;

use prost::Message;

const PROTO: &str = "proto/keybearer/catena/v1/api_keys.proto";
const TIMESTAMP: &str = ".google.protobuf.Timestamp";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let descriptors = protox::compile([PROTO], ["proto"])?;
    let bytes = descriptors.encode_to_vec();
    // What reflection tells of the service.
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("descriptors.bin"), &bytes)?;
    tonic_prost_build::configure().build_client(false).extern_path(TIMESTAMP, "crate::catena::Timestamp").compile_fds(descriptors)?;
    pbjson_build::Builder::new()
        .register_descriptors(&bytes)?
        .extern_path(TIMESTAMP, "crate::catena::Timestamp")
        .emit_fields()
        .build(&[".keybearer.catena.v1"])?;
    Ok(())
}
