//! What happens to an upload: pure rules over what is stored and what the same batch already decided.

use std::collections::HashMap;

use kapok_wire::sizes::OBJECTS_PER_UPLOAD;
use kapok_wire::upload::Head;
use kapok_wire::{Digest, Hour, ObjectId, Problem, UploadId};

/// What the database knows.
pub(crate) trait Known {
    type Error;

    /// Digest and hour of a stored object.
    fn object(&self, id: ObjectId) -> Result<Option<(Digest, Hour)>, Self::Error>;

    /// Upload and number of objects of a spent token.
    fn token(&self, nonce: &[u8; 32]) -> Result<Option<Spent>, Self::Error>;
}

/// What a token was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) upload: UploadId,
    pub(crate) count: u16,
}

/// What to do with one upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Store it.
    Store,
    /// It is there since this hour, or is stored earlier in this batch: the same receipt again.
    Known(Hour),
    /// Refuse it.
    Refuse(Problem),
}

/// A batch in the making. Later uploads of a batch see what earlier ones will have changed.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    objects: HashMap<ObjectId, (Digest, Hour)>,
    tokens: HashMap<[u8; 32], Spent>,
}

impl Plan {
    /// Decides about one upload whose form, digest and token were checked, at `now`.
    pub(crate) fn decide<K: Known>(&mut self, head: &Head, now: Hour, known: &K) -> Result<Decision, K::Error> {
        let object = match self.objects.get(&head.object) {
            Some(found) => Some(*found),
            None => known.object(head.object)?,
        };
        // Before the token: a retry costs nothing, under whichever token it comes, and counts nothing twice.
        match object {
            Some((digest, hour)) if digest == head.digest => return Ok(Decision::Known(hour)),
            Some(_) => return Ok(Decision::Refuse(Problem::IdTaken)),
            None => {}
        }
        let spent = match self.tokens.get(&head.token.nonce) {
            Some(found) => Some(*found),
            None => known.token(&head.token.nonce)?,
        };
        let count = match spent {
            Some(spent) if spent.upload != head.upload => return Ok(Decision::Refuse(Problem::TokenSpent)),
            Some(spent) if spent.count >= OBJECTS_PER_UPLOAD => return Ok(Decision::Refuse(Problem::UploadFull)),
            Some(spent) => spent.count + 1,
            None => 1,
        };
        self.objects.insert(head.object, (head.digest, now));
        self.tokens.insert(head.token.nonce, Spent { upload: head.upload, count });
        Ok(Decision::Store)
    }

    /// The tokens as they are after the batch.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = (&[u8; 32], &Spent)> {
        self.tokens.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kapok_wire::token::Token;
    use kapok_wire::{Lane, TokenKeyId};

    #[derive(Default)]
    struct Table {
        objects: HashMap<ObjectId, (Digest, Hour)>,
        tokens: HashMap<[u8; 32], Spent>,
    }

    impl Known for Table {
        type Error = std::convert::Infallible;

        fn object(&self, id: ObjectId) -> Result<Option<(Digest, Hour)>, Self::Error> {
            Ok(self.objects.get(&id).copied())
        }

        fn token(&self, nonce: &[u8; 32]) -> Result<Option<Spent>, Self::Error> {
            Ok(self.tokens.get(nonce).copied())
        }
    }

    const NOW: Hour = Hour(500_000);

    fn head(object: u8, content: u8, upload: u8, nonce: u8) -> Head {
        Head {
            lane: Lane::Text,
            upload: UploadId([upload; 16]),
            object: ObjectId([object; 16]),
            digest: Digest([content; 32]),
            token: Token { nonce: [nonce; 32], output: [0; 64], key: TokenKeyId([0; 8]) },
        }
    }

    fn decide(plan: &mut Plan, head: &Head, table: &Table) -> Decision {
        plan.decide(head, NOW, table).unwrap()
    }

    #[test]
    fn the_same_object_again_is_known_whether_stored_or_in_this_batch() {
        let mut table = Table::default();
        table.objects.insert(ObjectId([1; 16]), (Digest([9; 32]), Hour(7)));
        let mut plan = Plan::default();
        assert_eq!(decide(&mut plan, &head(1, 9, 1, 1), &table), Decision::Known(Hour(7)));
        assert_eq!(decide(&mut plan, &head(2, 9, 1, 1), &table), Decision::Store);
        assert_eq!(decide(&mut plan, &head(2, 9, 1, 1), &table), Decision::Known(NOW));
        assert_eq!(plan.tokens().next().unwrap().1.count, 1, "the retry was not counted");
    }

    #[test]
    fn another_content_under_a_taken_id_is_refused_whether_stored_or_in_this_batch() {
        let mut table = Table::default();
        table.objects.insert(ObjectId([1; 16]), (Digest([9; 32]), Hour(7)));
        let mut plan = Plan::default();
        assert_eq!(decide(&mut plan, &head(1, 8, 1, 1), &table), Decision::Refuse(Problem::IdTaken));
        assert_eq!(decide(&mut plan, &head(2, 9, 1, 1), &table), Decision::Store);
        assert_eq!(decide(&mut plan, &head(2, 8, 1, 1), &table), Decision::Refuse(Problem::IdTaken));
    }

    #[test]
    fn a_token_opens_one_upload() {
        let mut table = Table::default();
        table.tokens.insert([1; 32], Spent { upload: UploadId([1; 16]), count: 3 });
        let mut plan = Plan::default();
        assert_eq!(decide(&mut plan, &head(1, 9, 2, 1), &table), Decision::Refuse(Problem::TokenSpent));
        assert_eq!(decide(&mut plan, &head(1, 9, 1, 1), &table), Decision::Store, "control: its own upload");
        assert_eq!(decide(&mut plan, &head(2, 9, 5, 2), &table), Decision::Store);
        assert_eq!(decide(&mut plan, &head(3, 9, 6, 2), &table), Decision::Refuse(Problem::TokenSpent));
    }

    #[test]
    fn the_sixty_fifth_object_of_an_upload_is_refused_but_a_retry_of_the_first_is_not() {
        let table = Table::default();
        let mut plan = Plan::default();
        for object in 0..64 {
            assert_eq!(decide(&mut plan, &head(object, 9, 1, 1), &table), Decision::Store);
        }
        assert_eq!(decide(&mut plan, &head(64, 9, 1, 1), &table), Decision::Refuse(Problem::UploadFull));
        assert_eq!(decide(&mut plan, &head(0, 9, 1, 1), &table), Decision::Known(NOW));
    }
}
