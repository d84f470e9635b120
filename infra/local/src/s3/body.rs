//! From a request's body to a blob, and from a blob to an answer's body. Files are only touched on the blocking
//! pool; at most one piece a body is in memory.

use super::{
    blobs::{BlobWriter, Blobs, PendingBlob, RangeReader},
    checksums::{BodyHasher, BodyHashes, Claims},
    error::{Result, StoreError, refuse},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::HeaderMap;
use s3s::{Body, S3Error, S3ErrorCode, StdError, TrailingHeaders, dto::StreamingBlob};
use std::{fs::File, io, ops::Range, sync::Arc};

/// Bodies pass through memory in pieces of this many bytes; a smaller body takes one trip to the pool.
pub(super) const PIECE_BYTES: usize = 1 << 20;

/// A received and verified body.
pub(super) struct Received {
    pub(super) blob: PendingBlob,
    pub(super) bytes: u64,
    pub(super) hashes: BodyHashes,
}

/// Runs `work` on the blocking pool.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        // The pool refuses work only when the runtime shuts down; a panic in `work` ends here too.
        Err(error) => Err(StoreError::Blob(io::Error::other(error))),
    }
}

/// Stores a request's body and checks it against everything that the client said about it.
pub(super) async fn receive(
    blobs: &Arc<Blobs>,
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
    trailing: Option<TrailingHeaders>,
) -> Result<Received> {
    let claims = Claims::read(headers, trailing)?;
    let declared = declared_bytes(headers);
    let mut sink = Sink { writer: None, hasher: claims.hasher(), blobs: Arc::clone(blobs) };
    let mut waiting = Vec::new();
    let mut waiting_bytes = 0;
    let mut received = 0_u64;
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| body_error(&error))?;
            received += piece.len() as u64;
            waiting_bytes += piece.len();
            waiting.push(piece);
            if waiting_bytes >= PIECE_BYTES {
                let pieces = std::mem::take(&mut waiting);
                waiting_bytes = 0;
                sink = blocking(move || sink.write(&pieces)).await?;
            }
        }
    }
    // aws-chunked bodies may end between two chunks without an error, so the length is checked here.
    if declared.is_some_and(|declared| declared != received) {
        return Err(refuse(S3ErrorCode::IncompleteBody, "the body is not as long as was declared"));
    }
    blocking(move || {
        let sink = sink.write(&waiting)?;
        let hashes = sink.hasher.finish();
        claims.verify(&hashes)?;
        let writer = sink.writer.map_or_else(|| sink.blobs.create(), Ok)?;
        let bytes = writer.bytes();
        Ok(Received { blob: writer.finish()?, bytes, hashes })
    })
    .await
}

struct Sink {
    writer: Option<BlobWriter>,
    hasher: BodyHasher,
    blobs: Arc<Blobs>,
}

impl Sink {
    fn write(mut self, pieces: &[Bytes]) -> Result<Self> {
        let mut writer = self.writer.take().map_or_else(|| self.blobs.create(), Ok)?;
        for piece in pieces {
            self.hasher.update(piece);
            writer.write(piece)?;
        }
        self.writer = Some(writer);
        Ok(self)
    }
}

/// Writes a range of a stored body behind what `target` has. Blocking.
pub(super) fn append(
    source: File,
    range: &Range<u64>,
    target: &mut BlobWriter,
    hasher: &mut BodyHasher,
) -> Result<()> {
    let mut source = RangeReader::new(source, range, PIECE_BYTES)?;
    while let Some(piece) = source.next()? {
        hasher.update(&piece);
        target.write(&piece)?;
    }
    Ok(())
}

fn declared_bytes(headers: &HeaderMap) -> Option<u64> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    number("x-amz-decoded-content-length").or_else(|| number("content-length"))
}

/// s3s checks signatures and hashes while the body passes; its error types are private, so their names decide.
fn body_error(error: &StdError) -> StoreError {
    let text = error.to_string();
    let code = if text.contains("Sha256Mismatch") {
        S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into())
    } else if text.contains("SignatureMismatch") {
        S3ErrorCode::SignatureDoesNotMatch
    } else {
        S3ErrorCode::IncompleteBody
    };
    let mut refusal = S3Error::with_message(code, "the body is damaged or incomplete");
    if refusal.status_code().is_none() {
        refusal.set_status_code(http::StatusCode::BAD_REQUEST);
    }
    refusal.into()
}

/// A body for an answer: small ones are read now, large ones piece by piece as the client takes them.
pub(super) enum Content {
    Whole(Bytes),
    Streamed(RangeReader),
}

impl Content {
    /// Blocking: reads the first piece, and more only if asked to.
    pub(super) fn read(file: File, range: &Range<u64>) -> io::Result<Self> {
        let mut reader = RangeReader::new(file, range, PIECE_BYTES)?;
        if range.end.saturating_sub(range.start) <= PIECE_BYTES as u64 {
            return Ok(Self::Whole(reader.next()?.unwrap_or_default().into()));
        }
        Ok(Self::Streamed(reader))
    }

    pub(super) fn into_blob(self) -> StreamingBlob {
        match self {
            Self::Whole(bytes) => StreamingBlob::from(Body::from(bytes)),
            Self::Streamed(reader) => StreamingBlob::wrap(pieces(reader)),
        }
    }
}

fn pieces(reader: RangeReader) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    stream::try_unfold(reader, |mut reader| async move {
        let next = tokio::task::spawn_blocking(move || reader.next().map(|piece| (piece, reader)));
        let (piece, reader) = next.await.map_err(io::Error::other)??;
        Ok(piece.map(|piece| (Bytes::from(piece), reader)))
    })
}
