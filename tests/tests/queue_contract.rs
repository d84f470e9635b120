//! What the queue, its HTTP endpoint, the dispatcher, the pump and the schedules promise, seen from outside.

#[path = "queue_contract/support.rs"]
mod support;

#[path = "queue_contract/delivery.rs"]
mod delivery;
#[path = "queue_contract/durability.rs"]
mod durability;
#[path = "queue_contract/model.rs"]
mod model;
#[path = "queue_contract/pump.rs"]
mod pump;
#[path = "queue_contract/schedules.rs"]
mod schedules;
#[path = "queue_contract/sdk.rs"]
mod sdk;
