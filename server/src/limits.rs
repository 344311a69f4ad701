//! Every limit of the server, with its reason. What a client may do to a format is limited in `kapok_wire::sizes`.
//!
//! Memory in the worst case, on one port, with every connection taken by somebody who wants to do harm: 256 MiB
//! received and not read ([`CONNECTION_WINDOW`]), 128 MiB read as first frames of uploads (16 KiB a stream), 64 MiB of
//! whole bodies behind good tokens, 24 MiB waiting for the disk, and 512 MiB of bundles or token answers that are asked
//! for and not taken (64 KiB a stream). One address can cause a sixteenth of what hangs on connections.

use std::num::NonZeroUsize;
use std::time::Duration;

use kapok_wire::sizes::{PULL_MAX, TEXT_SEALED};

/// Connections at a time on one port. More wait in the system's queue.
pub(crate) const CONNECTIONS: usize = 1_024;
/// Connections that one address (with IPv6: one /64) may have at a time on a port, unless the operator chose another
/// number: a sixteenth of all, and enough for the phones that a carrier puts behind one address.
pub const CONNECTIONS_PER_ADDRESS: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");
/// Longest a handshake may take: four round trips over Tor on a bad day.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(30);
/// Streams at a time in a connection, and so the bodies it may have read. A device sends a few at once; a client with
/// more waits by itself. All connections that an address may have together reach half of the permits for uploads.
pub const STREAMS: u32 = 8;
/// Streams of a connection that were reset before we looked at them; with more of them the connection ends. A device
/// resets at most those it has open.
pub const PENDING_RESETS: usize = 20;
/// Longest header list, in bytes. Ours are under 200.
pub(crate) const HEADERS: u32 = 4_096;
/// A whole media body fits, so that no body waits for a round trip in the middle.
pub(crate) const STREAM_WINDOW: u32 = 128 << 10;
/// Four media bodies in flight. Whoever sends and is not read occupies this much.
pub(crate) const CONNECTION_WINDOW: u32 = 256 << 10;
/// A connection on which nobody asks anything ends after this time.
pub(crate) const IDLE: Duration = Duration::from_secs(90);
/// A peer that does not answer pings is gone.
pub(crate) const PING: Duration = Duration::from_secs(30);

/// Uploads with a good head read at a time: 64 MiB at most.
pub const UPLOADS: usize = 1_024;
/// Enrolments read at a time: 1 MiB at most.
pub const ENROLMENTS: usize = 64;
/// Bodies of the desk read at a time: 4 MiB at most.
pub(crate) const DESK_BODIES: usize = 64;
/// Longest a whole body may take. 64 KiB in two minutes is 4.4 kbit/s, less than any network that still carries TLS.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(120);
/// Longest 16 KiB may take at the same speed: an enrolment, or the head of an upload. HTTP/2 hands out whole frames, and
/// a client may send the head in one frame with all that fits behind it. A few seconds would turn away every device on
/// a slow line, and a waiting head holds nothing that others need.
pub(crate) const FRAME_TIME: Duration = Duration::from_secs(30);
/// Every answer on the device port leaves at a multiple of this time, unless the operator chose another: more than a
/// flush takes on a usual disk, less than a person notices.
pub const ANSWER_FLOOR: Duration = Duration::from_millis(50);

/// Uploads that may wait for the disk: at most 16 MiB. More are told to come back.
pub(crate) const QUEUE: usize = 256;
/// Uploads in one batch: bounds how long the first one waits.
pub(crate) const BATCH: usize = 128;
/// A segment takes no more than this, in bytes, so that backups and later deletion work on pieces.
pub(crate) const SEGMENT_MAX: u64 = 1 << 30;
/// Rows looked at for one answer to a pull: as many packets as fit.
pub(crate) const PULL_ROWS: usize = PULL_MAX / TEXT_SEALED + 1;
/// `desk add` and the writer wait for each other this long at most.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// How long requests under way may still take when a connection or the server ends.
pub(crate) const FINISH: Duration = Duration::from_secs(10);
/// How long the intake may take for what is queued at the end: 16 MiB on a slow disk.
pub(crate) const DRAIN: Duration = Duration::from_secs(20);
