//! MD5 and the `x-amz-checksum-*` family: computed while a body passes, compared with what the client claims,
//! kept so that a reader can check what it gets.

use super::error::{Result, refuse};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use s3s::{
    S3ErrorCode, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    dto::{self, ChecksumType},
};
use serde::{Deserialize, Serialize};

/// An algorithm of the `x-amz-checksum-*` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha1, Self::Sha256];

    /// The name in `x-amz-checksum-algorithm`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| refuse(S3ErrorCode::InvalidRequest, "the checksum algorithm is not supported"))
    }

    fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }
}

/// Checksums in base64, as they are sent and stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checksums {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc64nvme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Whether this is the checksum of the parts' checksums (`…-N`) and not of the bytes.
    pub(super) composite: bool,
}

impl Checksums {
    pub(super) fn get(&self, algorithm: Algorithm) -> Option<&String> {
        match algorithm {
            Algorithm::Crc32 => self.crc32.as_ref(),
            Algorithm::Crc32c => self.crc32c.as_ref(),
            Algorithm::Crc64nvme => self.crc64nvme.as_ref(),
            Algorithm::Sha1 => self.sha1.as_ref(),
            Algorithm::Sha256 => self.sha256.as_ref(),
        }
    }

    pub(super) fn set(&mut self, algorithm: Algorithm, value: String) {
        let field = match algorithm {
            Algorithm::Crc32 => &mut self.crc32,
            Algorithm::Crc32c => &mut self.crc32c,
            Algorithm::Crc64nvme => &mut self.crc64nvme,
            Algorithm::Sha1 => &mut self.sha1,
            Algorithm::Sha256 => &mut self.sha256,
        };
        *field = Some(value);
    }

    fn is_empty(&self) -> bool {
        Algorithm::ALL.into_iter().all(|algorithm| self.get(algorithm).is_none())
    }

    /// The type that goes with these checksums in an answer, if there are any.
    pub(super) fn kind(&self) -> Option<ChecksumType> {
        let name = if self.composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
        (!self.is_empty()).then(|| ChecksumType::from_static(name))
    }

    /// Compares each checksum that `claimed` has with the computed one.
    pub(super) fn verify(&self, claimed: &Self) -> Result<()> {
        for algorithm in Algorithm::ALL {
            if let (Some(claimed), Some(computed)) = (claimed.get(algorithm), self.get(algorithm))
                && claimed != computed
            {
                return Err(refuse(S3ErrorCode::BadDigest, "a checksum does not match the body"));
            }
        }
        Ok(())
    }
}

/// An answer that tells the checksums of a body.
pub(super) trait TellsChecksums {
    /// The same answer with these checksums.
    fn with_checksums(self, checksums: Checksums) -> Self;
}

/// The answers name the checksums alike, but share no type, and that to a part leaves out their type.
macro_rules! tells_checksums {
    ($($output:ident $($kind:ident)?,)+) => {
        $(impl TellsChecksums for dto::$output {
            fn with_checksums(self, checksums: Checksums) -> Self {
                Self {
                    $($kind: checksums.kind(),)?
                    checksum_crc32: checksums.crc32,
                    checksum_crc32c: checksums.crc32c,
                    checksum_crc64nvme: checksums.crc64nvme,
                    checksum_sha1: checksums.sha1,
                    checksum_sha256: checksums.sha256,
                    ..self
                }
            }
        })+
    };
}

tells_checksums! {
    PutObjectOutput checksum_type,
    GetObjectOutput checksum_type,
    HeadObjectOutput checksum_type,
    CopyObjectResult checksum_type,
    CompleteMultipartUploadOutput checksum_type,
    UploadPartOutput,
}

/// What a client claims about a body, before or after it sends it.
pub(super) struct Claims {
    md5: Option<String>,
    headers: Checksums,
    trailers: Vec<Algorithm>,
    trailing: Option<TrailingHeaders>,
}

impl Claims {
    /// Reads the claims of a request with a body.
    pub(super) fn read(headers: &HeaderMap, trailing: Option<TrailingHeaders>) -> Result<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let md5 = text("content-md5").map(str::to_owned);
        if md5.as_ref().is_some_and(|md5| STANDARD.decode(md5).map_or(true, |md5| md5.len() != 16)) {
            return Err(refuse(S3ErrorCode::InvalidDigest, "Content-MD5 is not an MD5 in base64"));
        }
        let mut claimed = Checksums::default();
        for algorithm in Algorithm::ALL {
            if let Some(value) = text(algorithm.header()) {
                claimed.set(algorithm, value.to_owned());
            }
        }
        let announced = text("x-amz-trailer").unwrap_or_default();
        let trailers = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| {
                announced.split(',').any(|name| name.trim().eq_ignore_ascii_case(algorithm.header()))
            })
            .collect();
        Ok(Self { md5, headers: claimed, trailers, trailing })
    }

    /// A hasher for everything that is claimed.
    pub(super) fn hasher(&self) -> BodyHasher {
        let wanted = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| self.headers.get(*algorithm).is_some() || self.trailers.contains(algorithm));
        BodyHasher::new(wanted)
    }

    /// Compares the claims with what was computed; call it when the whole body was read.
    pub(super) fn verify(self, hashes: &BodyHashes) -> Result<()> {
        if self.md5.is_some_and(|claimed| claimed != STANDARD.encode(hashes.md5)) {
            return Err(refuse(S3ErrorCode::BadDigest, "Content-MD5 does not match the body"));
        }
        hashes.checksums.verify(&self.headers)?;
        let sent = self.trailing.and_then(|trailing| trailing.take()).unwrap_or_default();
        for algorithm in self.trailers {
            let value = sent.get(algorithm.header()).and_then(|value| value.to_str().ok());
            // A body that was cut off ends without its announced trailer.
            let Some(value) = value else {
                return Err(refuse(S3ErrorCode::IncompleteBody, "an announced trailer is missing"));
            };
            let mut claimed = Checksums::default();
            claimed.set(algorithm, value.trim().to_owned());
            hashes.checksums.verify(&claimed)?;
        }
        Ok(())
    }
}

/// Computes the MD5 and the wanted checksums in one pass.
pub(super) struct BodyHasher {
    md5: Md5,
    others: ChecksumHasher,
}

/// The results of a [`BodyHasher`].
pub(super) struct BodyHashes {
    pub(super) md5: [u8; 16],
    pub(super) checksums: Checksums,
}

impl BodyHasher {
    pub(super) fn new(wanted: impl IntoIterator<Item = Algorithm>) -> Self {
        Self { md5: Md5::new(), others: hasher(wanted) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.others.update(bytes);
    }

    pub(super) fn finish(self) -> BodyHashes {
        BodyHashes { md5: self.md5.finalize(), checksums: stored(self.others.finalize()) }
    }
}

fn hasher(wanted: impl IntoIterator<Item = Algorithm>) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    for algorithm in wanted {
        match algorithm {
            Algorithm::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Algorithm::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Algorithm::Crc64nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Algorithm::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Algorithm::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
    }
    hasher
}

fn stored(sums: dto::Checksum) -> Checksums {
    Checksums {
        crc32: sums.checksum_crc32,
        crc32c: sums.checksum_crc32c,
        crc64nvme: sums.checksum_crc64nvme,
        sha1: sums.checksum_sha1,
        sha256: sums.checksum_sha256,
        composite: false,
    }
}

/// S3's ETag of an object made of parts: the MD5 of the parts' MD5s, and their number.
pub(super) fn multipart_etag<'a>(part_etags: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = part_etags.len();
    let mut md5 = Md5::new();
    for etag in part_etags {
        md5.update(&hex::decode(etag).unwrap_or_default());
    }
    format!("{}-{count}", hex::encode(md5.finalize()))
}

/// The checksum of the parts' checksums, if every part has one.
pub(super) fn composite<'a>(
    algorithm: Algorithm,
    parts: impl ExactSizeIterator<Item = &'a Checksums>,
) -> Option<Checksums> {
    let count = parts.len();
    let mut hasher = hasher([algorithm]);
    for part in parts {
        hasher.update(&STANDARD.decode(part.get(algorithm)?).ok()?);
    }
    let mut sums = Checksums { composite: true, ..Checksums::default() };
    let sum = stored(hasher.finalize()).get(algorithm).map(|sum| format!("{sum}-{count}"))?;
    sums.set(algorithm, sum);
    Some(sums)
}
