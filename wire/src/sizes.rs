//! Every length and limit of the wire, with its reason. Formats may not grow past these without a new version.

/// Length of an upload body in the text lane, in bytes: one packet.
pub const TEXT_BODY: usize = 16_384;
/// Length of an upload body in the media lane, in bytes: one chunk.
pub const MEDIA_BODY: usize = 65_536;
/// Length of the head that both lanes share, in bytes.
pub const HEAD: usize = 256;
/// Length of the sealed area of a packet, in bytes.
pub const TEXT_SEALED: usize = TEXT_BODY - HEAD;
/// Length of the sealed area of a media chunk, in bytes.
pub const MEDIA_SEALED: usize = MEDIA_BODY - HEAD;
/// Length of every answer to an upload, accepted or refused, in bytes.
pub const ANSWER: usize = 1_024;
/// Length of a page: bundle, token answer, pulled objects, in bytes.
pub const PAGE: usize = 65_536;
/// Objects that one token may carry: 64 chunks are 4 MiB, so 256 tokens are about 1 GiB.
pub const OBJECTS_PER_UPLOAD: u16 = 64;
/// Tokens drawn at enrolment, the same number for every device, so that the number tells nothing.
pub const TOKEN_BATCH: u16 = 256;
/// Longest log origin, in bytes: it must fit an answer beside the receipt.
pub const ORIGIN_MAX: usize = 128;
