//! An object's body as a blocking reader, so that decompressing and parsing stay plain synchronous code.

use std::io;
use tokio::sync::mpsc;
use trustwatch_store::Body;

/// Chunks that wait between the network and the parser. With chunks of up to a few hundred KiB this bounds memory.
const CHUNKS_WAITING: usize = 4;

/// The reading end. It must be read outside the async runtime's own threads.
pub(crate) struct BodyReader {
    chunks: mpsc::Receiver<io::Result<bytes::Bytes>>,
    current: bytes::Bytes,
}

/// Starts to fetch a body.
pub(crate) fn reader(mut body: Body) -> BodyReader {
    let (send, chunks) = mpsc::channel(CHUNKS_WAITING);
    tokio::spawn(async move {
        while let Some(chunk) = body.next().await {
            let failed = chunk.is_err();
            // The reader may have seen enough and be gone.
            if send.send(chunk.map_err(io::Error::other)).await.is_err() || failed {
                return;
            }
        }
    });
    BodyReader { chunks, current: bytes::Bytes::new() }
}

impl io::Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk?,
                None => return Ok(0),
            }
        }
        let length = self.current.len().min(into.len());
        let chunk = self.current.split_to(length);
        if let Some(into) = into.get_mut(..length) {
            into.copy_from_slice(&chunk);
        }
        Ok(length)
    }
}
