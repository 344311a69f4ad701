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
/// Longest answer to one pull, in bytes: sixteen pages keep a slow line responsive and memory small.
pub const PULL_MAX: usize = 16 * PAGE;
/// Longest bundle address in an invite, in bytes: keeps the QR code readable on a cheap camera.
pub const ADDRESS_MAX: usize = 100;
/// Longest text read as an invite, in characters: all its fields in base 32, with room to spare.
pub const INVITE_TEXT_MAX: usize = 600;
/// Longest name of an organisation, in characters: it has to fit a screen at enrolment.
pub const ORGANISATION_MAX: usize = 200;
/// Root signatures needed, of three: one stolen or lost key neither forges nor blocks.
pub const THRESHOLD: usize = 2;
/// Signature lines of a note that are read: a bundle has three keys, and a flood of lines must cost nothing.
pub const SIGNATURE_LINES_MAX: usize = 16;
/// Fewest desk keys of a class: a lost key must not make reports unreadable.
pub const RECIPIENTS_MIN: usize = 2;
/// Most desk keys of a class. A post-quantum one costs 1,557 bytes of header; with three in both classes a packet still
/// holds 3.8 KB of compressed text in the triage part, with four it would hold 1.9 KB.
pub const RECIPIENTS_MAX: usize = 3;
/// Longest server card, in bytes: a root certificate and a few keys and addresses, and nobody reads more into memory.
pub const CARD_MAX: usize = 64 << 10;
/// Most addresses or pins in one list of a server card: all of them go into the bundle, which is one page.
pub const CARD_LIST_MAX: usize = 64;
/// Longest server name in a card, in bytes: the longest DNS name.
pub const SERVER_NAME_MAX: usize = 253;
/// Longest root certificate in a card, in bytes: it goes into the bundle, which is one page; ours has about 400.
pub const TLS_ROOT_MAX: usize = 8_192;
