//! What the desk was doing with a file when that failed: an enum, so that each has its words in every language.

use std::fmt;

/// An operation of the system that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Reading the desk's certificate.
    ReadCertificate,
    /// Reading the desk's TLS key.
    ReadTlsKey,
    /// Reading a key file.
    ReadKeyFile,
    /// Writing a key file.
    WriteKeyFile,
    /// Listing the keys.
    ListKeys,
    /// Reading a public key.
    ReadPublicKey,
    /// Looking at the desk folder's place.
    LookAtPlace,
    /// Making the desk folder.
    MakeFolder,
    /// Moving the desk folder to its place.
    MoveFolder,
    /// Opening the desk folder.
    OpenFolder,
    /// Locking the desk folder.
    LockFolder,
    /// Reading the server card.
    ReadCard,
    /// Reading the bundle.
    ReadBundle,
    /// Storing the bundle.
    StoreBundle,
    /// Writing the bundle.
    WriteBundle,
    /// Writing the invite.
    WriteInvite,
    /// Reading the records of phones.
    ReadPhones,
    /// Writing the record of a phone.
    WritePhone,
    /// Deleting the record of a phone.
    ForgetPhone,
    /// Making the inbox.
    MakeInbox,
    /// Moving the cursor.
    MoveCursor,
    /// Storing a pulled object.
    StoreObject,
    /// Reading a packet.
    ReadPacket,
    /// Reading a chunk.
    ReadChunk,
    /// Making the folder to extract to.
    MakeExtractFolder,
    /// Writing to the folder to extract to.
    WriteExtractFolder,
    /// Writing an attachment.
    WriteAttachment,
    /// Reading an attachment back.
    ReadAttachment,
    /// Printing the result.
    PrintResult,
    /// Listening for signals.
    ListenForSignals,
    /// Starting.
    Start,
}

impl Doing {
    /// All of them, so that whoever has words for them can show that none is missing.
    pub const ALL: [Self; 31] = [
        Self::ReadCertificate,
        Self::ReadTlsKey,
        Self::ReadKeyFile,
        Self::WriteKeyFile,
        Self::ListKeys,
        Self::ReadPublicKey,
        Self::LookAtPlace,
        Self::MakeFolder,
        Self::MoveFolder,
        Self::OpenFolder,
        Self::LockFolder,
        Self::ReadCard,
        Self::ReadBundle,
        Self::StoreBundle,
        Self::WriteBundle,
        Self::WriteInvite,
        Self::ReadPhones,
        Self::WritePhone,
        Self::ForgetPhone,
        Self::MakeInbox,
        Self::MoveCursor,
        Self::StoreObject,
        Self::ReadPacket,
        Self::ReadChunk,
        Self::MakeExtractFolder,
        Self::WriteExtractFolder,
        Self::WriteAttachment,
        Self::ReadAttachment,
        Self::PrintResult,
        Self::ListenForSignals,
        Self::Start,
    ];

    /// Fixed English words.
    fn words(self) -> &'static str {
        match self {
            Self::ReadCertificate => "reading the desk's certificate",
            Self::ReadTlsKey => "reading the desk's TLS key",
            Self::ReadKeyFile => "reading a key file",
            Self::WriteKeyFile => "writing a key file",
            Self::ListKeys => "listing the keys",
            Self::ReadPublicKey => "reading a public key",
            Self::LookAtPlace => "looking at the desk folder's place",
            Self::MakeFolder => "making the desk folder",
            Self::MoveFolder => "moving the desk folder to its place",
            Self::OpenFolder => "opening the desk folder",
            Self::LockFolder => "locking the desk folder",
            Self::ReadCard => "reading the server card",
            Self::ReadBundle => "reading the bundle",
            Self::StoreBundle => "storing the bundle",
            Self::WriteBundle => "writing the bundle",
            Self::WriteInvite => "writing the invite",
            Self::ReadPhones => "reading the records of phones",
            Self::WritePhone => "writing the record of a phone",
            Self::ForgetPhone => "deleting the record of a phone",
            Self::MakeInbox => "making the inbox",
            Self::MoveCursor => "moving the cursor",
            Self::StoreObject => "storing a pulled object",
            Self::ReadPacket => "reading a packet",
            Self::ReadChunk => "reading a chunk",
            Self::MakeExtractFolder => "making the folder to extract to",
            Self::WriteExtractFolder => "writing to the folder to extract to",
            Self::WriteAttachment => "writing an attachment",
            Self::ReadAttachment => "reading an attachment back",
            Self::PrintResult => "printing the result",
            Self::ListenForSignals => "listening for signals",
            Self::Start => "starting",
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
