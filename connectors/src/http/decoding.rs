//! The body of a request as plain bytes: as it is, or unpacked from gzip or zstd.
//!
//! Unpacking runs on a thread that may block and hands out blocks of a fixed size, so that a small body that unpacks to
//! a huge one costs time and never memory.

use std::io::{self, Read};

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::refusal::Refusal;

/// Size of an unpacked block.
const BLOCK_BYTES: usize = 256 << 10;
/// Blocks, and packed frames, that wait for whoever is slower.
const WAITING_MAX: usize = 2;
/// Largest window of zstd as a power of two: what its specification asks every decoder to support.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// `Content-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

impl Encoding {
    /// Reads the header.
    ///
    /// # Errors
    /// 415 for another encoding, or several.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let value = values.next().map_or(Ok("identity"), |value| value.to_str().map_err(|_| ()));
        match (value.map(|value| value.trim().to_ascii_lowercase()).as_deref(), values.next()) {
            (Ok("identity" | ""), None) => Ok(Self::Plain),
            (Ok("gzip" | "x-gzip"), None) => Ok(Self::Gzip),
            (Ok("zstd"), None) => Ok(Self::Zstd),
            _ => Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this Content-Encoding is not supported")
                .hint("Send the body plain, with gzip or with zstd.")),
        }
    }
}

/// Plain bytes, block after block.
#[derive(Debug)]
pub(super) enum Decoded {
    Plain(BodyDataStream),
    Unpacked(mpsc::Receiver<io::Result<Bytes>>),
}

impl Decoded {
    /// Starts to read `body`.
    pub fn new(body: Body, encoding: Encoding) -> Self {
        let mut frames = body.into_data_stream();
        if encoding == Encoding::Plain {
            return Self::Plain(frames);
        }
        let (frame_sender, packed) = mpsc::channel(WAITING_MAX);
        let (block_sender, blocks) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            while let Some(frame) = frames.next().await {
                if frame_sender.send(frame.map_err(io::Error::other)).await.is_err() {
                    return;
                }
            }
        });
        tokio::task::spawn_blocking(move || {
            let packed = io::BufReader::with_capacity(BLOCK_BYTES, Frames { frames: packed, current: Bytes::new() });
            let unpacked: io::Result<Box<dyn Read>> = match encoding {
                Encoding::Plain | Encoding::Gzip => Ok(Box::new(MultiGzDecoder::new(packed))),
                Encoding::Zstd => zstd::stream::read::Decoder::with_buffer(packed).and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                    Ok(Box::new(decoder) as Box<dyn Read>)
                }),
            };
            match unpacked {
                Ok(unpacked) => hand_out(unpacked, &block_sender),
                Err(error) => drop(block_sender.blocking_send(Err(error))),
            }
        });
        Self::Unpacked(blocks)
    }

    /// The next bytes; `None` at the end of a whole body.
    ///
    /// # Errors
    /// 400 when the client goes away in the middle, or sent what does not unpack.
    pub async fn next(&mut self) -> Option<Result<Bytes, Refusal>> {
        match self {
            Self::Plain(frames) => {
                Some(frames.next().await?.map_err(|error| Refusal::bad_request(format!("the body ended early: {error}"))))
            }
            Self::Unpacked(blocks) => Some(blocks.recv().await?.map_err(|error| {
                Refusal::bad_request(format!("the body cannot be unpacked: {error}"))
                    .hint("The lines before the fault are stored. Send the rest, or all of it with the same sequence numbers.")
            })),
        }
    }
}

/// Reads to the end, one block at a time; stops early when nobody listens.
fn hand_out(mut unpacked: Box<dyn Read>, blocks: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut block = vec![0; BLOCK_BYTES];
        let mut filled = 0;
        let fault = loop {
            match unpacked.read(&mut block[filled..]) {
                Ok(0) => break None,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
            if filled == block.len() {
                break None;
            }
        };
        let ended = filled < block.len();
        block.truncate(filled);
        if filled > 0 && blocks.blocking_send(Ok(block.into())).is_err() {
            return;
        }
        if let Some(error) = fault {
            drop(blocks.blocking_send(Err(error)));
            return;
        }
        if ended {
            return;
        }
    }
}

/// Packed frames as a blocking reader.
struct Frames {
    frames: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Read for Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.frames.blocking_recv() {
                Some(frame) => self.current = frame?,
                None => return Ok(0),
            }
        }
        let read = into.len().min(self.current.len());
        self.current.copy_to_slice(&mut into[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    async fn unpack(packed: Vec<u8>, encoding: Encoding) -> Result<Vec<u8>, Refusal> {
        let frames = packed.chunks(1000).map(|chunk| Ok::<_, io::Error>(Bytes::copy_from_slice(chunk))).collect::<Vec<_>>();
        let mut decoded = Decoded::new(Body::from_stream(futures::stream::iter(frames)), encoding);
        let mut plain = Vec::new();
        while let Some(block) = decoded.next().await {
            let block = block?;
            assert!(encoding == Encoding::Plain || block.len() <= BLOCK_BYTES);
            plain.extend_from_slice(&block);
        }
        Ok(plain)
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test]
    async fn every_encoding_gives_the_same_bytes() {
        let plain = b"{\"message\": \"ok\"}\n".repeat(100_000);
        assert_eq!(unpack(plain.clone(), Encoding::Plain).await.unwrap(), plain);
        assert_eq!(unpack(gzip(&plain), Encoding::Gzip).await.unwrap(), plain);
        assert_eq!(unpack(zstd::encode_all(&plain[..], 1).unwrap(), Encoding::Zstd).await.unwrap(), plain);
    }

    #[tokio::test]
    async fn several_members_are_one_body() {
        let mut both = gzip(b"a\n");
        both.extend(gzip(b"b\n"));
        assert_eq!(unpack(both, Encoding::Gzip).await.unwrap(), b"a\nb\n");
        let mut both = zstd::encode_all(&b"a\n"[..], 1).unwrap();
        both.extend(zstd::encode_all(&b"b\n"[..], 1).unwrap());
        assert_eq!(unpack(both, Encoding::Zstd).await.unwrap(), b"a\nb\n");
    }

    #[tokio::test]
    async fn what_does_not_unpack_is_the_clients_fault() {
        let plain = b"line\n".repeat(10_000);
        for (packed, encoding) in [
            (plain.clone(), Encoding::Gzip),
            (plain.clone(), Encoding::Zstd),
            (gzip(&plain)[..40].to_vec(), Encoding::Gzip),
            (zstd::encode_all(&plain[..], 1).unwrap()[..20].to_vec(), Encoding::Zstd),
        ] {
            let refusal = unpack(packed, encoding).await.unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{refusal:?}");
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, value.parse().unwrap());
            Encoding::of(&headers)
        };
        assert_eq!(of("GZIP"), Ok(Encoding::Gzip));
        assert_eq!(Encoding::of(&HeaderMap::new()), Ok(Encoding::Plain));
        for value in ["br", "gzip, zstd", "deflate"] {
            assert_eq!(of(value).unwrap_err().status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{value}");
        }
    }
}
