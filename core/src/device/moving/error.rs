//! What a move to another phone can be refused for.

/// Why a move does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// The vault was written to a move file.
    #[error(
        "this vault is being moved: it can be read, but nothing is changed or sent; enter the new phone's arrival code, or cancel"
    )]
    Moving,
    /// Something is being sent right now.
    #[error("something is being sent; wait until that ends and try again, nothing was changed")]
    Sending,
    /// There is nothing to move.
    #[error("this vault holds nothing that could be moved; unlock the right one")]
    NothingToMove,
    /// A move is only taken into an empty vault.
    #[error("this vault is not empty; take the move into a new one, nothing was changed")]
    NotEmpty,
    /// No move file is awaited here: none was asked for, or one was taken up already.
    #[error("no move file is awaited here; make a new move key first, a file that was taken up once is of no more use")]
    NotAwaited,
    /// Another step of a move is under way in this vault.
    #[error("a move is under way in this vault already; end or cancel it first")]
    UnderWay,
    /// No move was sent from here.
    #[error("no move is under way in this vault; nothing was changed")]
    NotSent,
    /// The text is no move key.
    #[error("this is no whole move key; copy it from the new phone again")]
    KeyMalformed,
    /// The digits typed are not those of the key: it is not the one that the new phone shows.
    #[error("the digits do not belong to this key: it may be somebody else's; nothing was written, copy the key again")]
    WrongKeyDigits,
    /// The digits typed are not those of the file: it is not the one that the old phone wrote.
    #[error("the digits do not belong to this file: it may be somebody else's; nothing was taken up")]
    WrongFileDigits,
    /// Sealed to another key.
    #[error("this file is for another move key; write it again on the old phone, nothing was taken up")]
    OtherKey,
    /// Cut, extended, changed, or its parts contradict each other.
    #[error("the move file is damaged or not whole; copy it again, nothing was taken up")]
    FileDamaged,
    /// The file could not be written.
    #[error("the move file could not be written ({0}); the vault is as before, try another place")]
    WriteFailed(std::io::ErrorKind),
    /// The arrival code is wrong.
    #[error("this is not the arrival code; nothing was erased, {left} tries are left")]
    WrongArrival {
        /// Tries that are left.
        left: u32,
    },
    /// Too many wrong arrival codes.
    #[error("too many wrong arrival codes; nothing was erased: cancel the move and begin again")]
    NoTriesLeft,
    /// The erasing has begun, so the vault is no longer whole.
    #[error("the new phone has it all and erasing has begun; enter the arrival code once more to end it")]
    Ending,
}
