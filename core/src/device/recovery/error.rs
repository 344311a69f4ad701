//! What can be wrong with shares, named by row, word or share, never by what they say.

/// Why shares are not made, or not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// A word that is not on the list.
    #[error("row {row}, word {word} is not a word of the list; compare it with the paper")]
    NotAWord {
        /// Row, from 1.
        row: usize,
        /// Word in the row, from 1.
        word: usize,
    },
    /// All words are on the list, and at least one is not that of the paper.
    #[error("row {row} is not as it was printed; compare its words with the paper")]
    WrongRow {
        /// Row, from 1.
        row: usize,
    },
    /// Words are missing, or there are too many.
    #[error("a share has {least} words, and here are {words}; enter all of its rows")]
    WrongLength {
        /// Words given.
        words: usize,
        /// Words that a share has.
        least: usize,
    },
    /// A later release made it.
    #[error("this share was made by a newer version; update this program")]
    NewerVersion,
    /// The same share twice.
    #[error("share {number} was given twice; a share of another person is needed")]
    Twice {
        /// Its number.
        number: u8,
    },
    /// It was made at another time, or on another device, than the first one.
    #[error("share {number} belongs to another set than the first one; use shares that were made together")]
    OtherSet {
        /// Its number.
        number: u8,
    },
    /// Not enough of them.
    #[error("{missing} more shares are needed; nothing was tried")]
    TooFew {
        /// How many.
        missing: u8,
    },
    /// They open no vault of this file.
    #[error("these shares were made for another device; use those of this one")]
    OtherDevice,
    /// The vault has another key by now.
    #[error("these shares are void: the passphrase was changed after they were made; ask for the newer ones")]
    Void,
    /// Too few or too many people.
    #[error("choose at least 2 and at most {most} people, and no more needed than there are people")]
    Numbers {
        /// People at most.
        most: u8,
    },
}
