//! An object's body as a blocking reader, so that decompressing and parsing stay plain synchronous code.

use std::io;
use tokio::sync::mpsc;
use trustwatch_store::Body;

/// Chunks that wait between the network and the parser. With chunks of up to a few hundred KiB this bounds memory.
const CHUNKS_WAITING: usize = 4;

/// What the fetching end says. That it says nothing any more is not an end.
enum Piece {
    Chunk(bytes::Bytes),
    Failed(io::Error),
    End,
}

/// The fetching end. It fetches as long as this lives: who waits for a reading thread keeps it beside, so that the
/// thread ends at its next chunk when the wait is given up (a function that ran out of time).
pub(crate) struct Fetch(tokio::task::JoinHandle<()>);

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The reading end. It must be read outside the async runtime's own threads.
pub(crate) struct BodyReader {
    pieces: mpsc::Receiver<Piece>,
    current: bytes::Bytes,
    is_ended: bool,
}

/// Starts to fetch a body.
pub(crate) fn reader(body: Body) -> (BodyReader, Fetch) {
    let (send, pieces) = mpsc::channel(CHUNKS_WAITING);
    let fetch = Fetch(tokio::spawn(fetch(body, send)));
    (BodyReader { pieces, current: bytes::Bytes::new(), is_ended: false }, fetch)
}

async fn fetch(mut body: Body, send: mpsc::Sender<Piece>) {
    loop {
        let piece = match body.next().await {
            Some(Ok(chunk)) => Piece::Chunk(chunk),
            Some(Err(error)) => Piece::Failed(io::Error::other(error)),
            None => Piece::End,
        };
        let is_last = !matches!(piece, Piece::Chunk(_));
        // The reader may have seen enough and be gone.
        if send.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

impl io::Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.is_ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Chunk(chunk)) => self.current = chunk,
                Some(Piece::Failed(error)) => return Err(error),
                Some(Piece::End) => self.is_ended = true,
                None => {
                    return Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "nobody fetches it any more",
                    ));
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn pieces(pieces: Vec<Piece>) -> BodyReader {
        let (send, receive) = mpsc::channel(pieces.len().max(1));
        for piece in pieces {
            send.try_send(piece).unwrap_or_else(|_| panic!("there is room for each"));
        }
        BodyReader { pieces: receive, current: bytes::Bytes::new(), is_ended: false }
    }

    fn read(mut reader: BodyReader) -> (String, Option<io::ErrorKind>) {
        let mut text = String::new();
        let error = reader.read_to_string(&mut text).err();
        (text, error.map(|error| error.kind()))
    }

    #[test]
    fn only_what_was_said_to_be_the_end_is_one() {
        let chunk = |text: &'static str| Piece::Chunk(bytes::Bytes::from_static(text.as_bytes()));
        let whole = vec![chunk("a"), chunk(""), chunk("b"), Piece::End];
        assert_eq!(read(pieces(whole)), ("ab".to_owned(), None));
        let failed = vec![chunk("a"), Piece::Failed(io::Error::other("cut"))];
        assert_eq!(read(pieces(failed)).1, Some(io::ErrorKind::Other));
        assert_eq!(read(pieces(vec![chunk("a")])).1, Some(io::ErrorKind::ConnectionAborted));
        assert_eq!(read(pieces(Vec::new())).1, Some(io::ErrorKind::ConnectionAborted));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_reading_thread_ends_when_nobody_waits_for_it() {
        let (send, receive) = mpsc::channel(1);
        // It would fetch for ever.
        let endless = tokio::spawn(async move {
            while send.send(Piece::Chunk(bytes::Bytes::from_static(b"x"))).await.is_ok() {}
        });
        let (fetch, mut reader) =
            (Fetch(endless), BodyReader { pieces: receive, current: bytes::Bytes::new(), is_ended: false });
        let reading = tokio::task::spawn_blocking(move || {
            io::copy(&mut reader, &mut io::sink()).map_err(|error| error.kind())
        });
        let waiting = async move {
            let _fetch = fetch;
            std::future::pending::<()>().await;
        };
        let _ = tokio::time::timeout(std::time::Duration::from_millis(20), waiting).await;
        assert_eq!(reading.await.unwrap(), Err(io::ErrorKind::ConnectionAborted));
    }
}
