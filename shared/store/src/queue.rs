//! Verbs on queues.

use crate::{Store, StoreError};

impl Store {
    /// Sends a message.
    ///
    /// # Errors
    /// [`StoreError`] of the call. A cut-off call may have sent: receivers take every message as a duplicate.
    pub async fn send(&self, queue_url: &str, body: &str) -> Result<(), StoreError> {
        let send = self.sqs.send_message().queue_url(queue_url).message_body(body).send().await;
        send.map(|_| ()).map_err(|error| StoreError::of("send", error))
    }

    /// Brings a message back after this many seconds instead of the queue's own time.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn come_back_in(&self, queue_url: &str, receipt: &str, seconds: i32) -> Result<(), StoreError> {
        let change = self
            .sqs
            .change_message_visibility()
            .queue_url(queue_url)
            .receipt_handle(receipt)
            .visibility_timeout(seconds)
            .send()
            .await;
        change.map(|_| ()).map_err(|error| StoreError::of("come_back_in", error))
    }
}
