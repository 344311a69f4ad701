//! What a shell draws: screens with all words in place. A shell adds no question, no choice and no order of its own.

use crate::answer::Status;
use crate::error::Error;
use crate::pack::{Field, FieldType, List, Pack, Review};
use crate::value::word_members;

/// Words to show, with their review status: unreviewed wording must carry a visible badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words.
    pub text: String,
    /// False if nobody has checked them yet.
    pub reviewed: bool,
}

/// One screen: one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The screen's name.
    pub id: String,
    /// Its number, from 1.
    pub number: usize,
    /// How many screens the form has.
    pub total: usize,
    /// The question.
    pub question: Words,
    /// What to fill in, in order.
    pub fields: Vec<FieldView>,
    /// Words of the button "don't know", if a field of the screen offers it: stores `unk` in those that do.
    pub dont_know: Option<Words>,
    /// Words of the button that skips the screen (its fields stay "not asked").
    pub skip: Words,
    /// Words of the button that goes back.
    pub back: Words,
    /// Words of the button that sends what there is: on every screen.
    pub send_now: Words,
}

/// One field of a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldView {
    /// The key under which to store the answer.
    pub key: String,
    /// Its label.
    pub label: Words,
    /// Its type: how to draw it.
    pub kind: FieldType,
    /// The choices to draw, in order; for a date the relative ones.
    pub choices: Vec<ChoiceView>,
    /// The members of a composed value (place, contact, actor), in order.
    pub parts: Vec<PartView>,
    /// The answers without a value that this field offers, such as "don't know".
    pub no_values: Vec<(Status, Words)>,
    /// Longest text, in characters.
    pub max_chars: usize,
}

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceView {
    /// The code to store.
    pub code: String,
    /// Its words.
    pub words: Words,
    /// A sentence to show with it.
    pub note: Option<Words>,
    /// True if it excludes the others.
    pub exclusive: bool,
}

/// One member of a composed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartView {
    /// The member's name in the stored value.
    pub member: String,
    /// Its label.
    pub label: Words,
    /// Its choices; none = words.
    pub choices: Vec<ChoiceView>,
}

impl Pack {
    /// The screens of a form in a language, ready to draw.
    ///
    /// # Errors
    /// [`Error::NoSuchForm`].
    pub fn screens(&self, form: &str, lang: &str) -> Result<Vec<Screen>, Error> {
        let form = self.form(form)?;
        let total = form.screens().len();
        let screen = |(at, plan): (usize, &crate::pack::ScreenPlan)| {
            let fields: Vec<FieldView> = plan
                .fields
                .iter()
                .filter_map(|key| form.field(key))
                .map(|field| self.field_view(field, lang))
                .collect();
            let offered =
                |field: &FieldView| field.no_values.iter().find(|(status, _)| *status == Status::Unknown).cloned();
            Screen {
                id: plan.id.clone(),
                number: at + 1,
                total,
                question: self.words(&plan.label, lang),
                dont_know: fields.iter().find_map(offered).map(|(_, words)| words),
                fields,
                skip: self.words("ui.skip", lang),
                back: self.words("ui.back", lang),
                send_now: self.words("ui.send_now", lang),
            }
        };
        Ok(form.screens().iter().enumerate().map(screen).collect())
    }

    /// One field ready to draw; also for fields that are on no screen.
    #[must_use]
    pub fn field_view(&self, field: &Field, lang: &str) -> FieldView {
        let main = field.list.as_deref().and_then(|id| self.list(id));
        let part = |(member, id): (&String, &String)| PartView {
            member: member.clone(),
            label: self.words(&format!("part.{member}"), lang),
            choices: self.choices(self.list(id), field.offer_parts.get(member).map_or(&[], Vec::as_slice), lang),
        };
        let typed = |member: &&str| PartView {
            member: (*member).to_owned(),
            label: self.words(&format!("part.{member}"), lang),
            choices: Vec::new(),
        };
        FieldView {
            key: field.key.clone(),
            label: self.words(&field.label, lang),
            kind: field.kind,
            choices: self.choices(main, &field.offer, lang),
            parts: field.lists.iter().map(part).chain(word_members(field.kind).iter().map(typed)).collect(),
            no_values: field
                .no_values
                .iter()
                .map(|status| (*status, self.words(&format!("status.{}", status.code()), lang)))
                .collect(),
            max_chars: field.max_chars,
        }
    }

    /// The words to show after a report of this form was sent.
    ///
    /// # Errors
    /// [`Error::NoSuchForm`].
    pub fn after_send(&self, form: &str, lang: &str) -> Result<Vec<Words>, Error> {
        Ok(self.form(form)?.after_send().iter().map(|key| self.words(key, lang)).collect())
    }

    /// The words of a label with their review status; the key itself if there is no such label.
    #[must_use]
    pub fn words(&self, key: &str, lang: &str) -> Words {
        match self.label(key, lang) {
            Some(label) => Words { text: label.text.clone(), reviewed: label.review != Review::Unreviewed },
            None => Words { text: key.to_owned(), reviewed: false },
        }
    }

    fn choices(&self, list: Option<&List>, offer: &[String], lang: &str) -> Vec<ChoiceView> {
        let Some(list) = list else { return Vec::new() };
        let view = |item: &crate::pack::Item| ChoiceView {
            code: item.code.clone(),
            words: self.words(&format!("{}.{}", list.id(), item.code), lang),
            note: item.note.as_ref().map(|note| self.words(note, lang)),
            exclusive: item.exclusive,
        };
        if offer.is_empty() {
            list.items().iter().filter(|item| !item.retired).map(view).collect()
        } else {
            offer.iter().filter_map(|code| list.item(code)).map(view).collect()
        }
    }
}
