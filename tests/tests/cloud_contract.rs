//! What every S3 that trustwatch runs on must do, through the real SDK.
//!
//! Without settings the embedded S3 is started on an ephemeral port. With `TRUSTWATCH_S3_ENDPOINT`,
//! `TRUSTWATCH_S3_ACCESS_KEY`, `TRUSTWATCH_S3_SECRET_KEY` and, if need be, `TRUSTWATCH_S3_REGION` the same cases run
//! against another one; `durability` and `model` are about the embedded store only.

#[path = "cloud_contract/buckets.rs"]
mod buckets;
#[path = "cloud_contract/conditions.rs"]
mod conditions;
#[path = "cloud_contract/durability.rs"]
mod durability;
#[path = "cloud_contract/listing.rs"]
mod listing;
#[path = "cloud_contract/model.rs"]
mod model;
#[path = "cloud_contract/multipart.rs"]
mod multipart;
#[path = "cloud_contract/objects.rs"]
mod objects;
#[path = "cloud_contract/server.rs"]
mod server;
#[path = "cloud_contract/versions.rs"]
mod versions;
