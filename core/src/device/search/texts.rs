//! What can be found in a draft: words that somebody wrote, and the words of the codes that somebody chose.

use kapok_report::{Answers, Field, FieldType, Pack};
use serde_json::Value as Json;

/// Members that describe how a value was written down: nobody looks for them, and their codes are common words.
fn is_about_writing(kind: FieldType, member: &str) -> bool {
    match kind {
        FieldType::Name => matches!(member, "script" | "kind" | "order" | "source"),
        FieldType::Pdate => matches!(member, "tz" | "basis" | "on"),
        _ => false,
    }
}

/// Each text of the answers with the key of its question.
pub(super) fn of_answers(pack: &Pack, form_id: &str, answers: &Answers) -> Vec<(String, String)> {
    let form = pack.form(form_id).ok();
    let mut texts = Vec::new();
    for (key, answer) in answers.iter() {
        let field = form.and_then(|form| form.field(key));
        let mut add = |text: String| texts.push((key.to_owned(), text));
        answer.get().into_iter().for_each(|value| walk(pack, field, None, value, &mut add));
        answer.note.iter().cloned().for_each(add);
    }
    for (key, value) in answers.extra() {
        walk(pack, None, None, value, &mut |text| texts.push((key.to_owned(), text)));
    }
    texts.retain(|(_, text)| !text.is_empty());
    texts
}

fn walk(pack: &Pack, field: Option<&Field>, member: Option<&str>, value: &Json, add: &mut dyn FnMut(String)) {
    match value {
        Json::Null | Json::Bool(_) => {}
        Json::Number(number) => add(number.to_string()),
        Json::String(text) => match field.and_then(|field| list_with(pack, field, member, text)) {
            // Every language, because the search may come in another one than the answer.
            Some(list) => labels(pack, list, text).into_iter().for_each(add),
            None => add(text.clone()),
        },
        Json::Array(items) => items.iter().for_each(|item| walk(pack, field, member, item, add)),
        Json::Object(map) => {
            for (name, value) in map {
                if !field.is_some_and(|field| is_about_writing(field.kind, name)) {
                    walk(pack, field, Some(name), value, add);
                }
            }
        }
    }
}

/// The list of the field, or of this member of it, that has the code.
fn list_with<'a>(pack: &Pack, field: &'a Field, member: Option<&str>, code: &str) -> Option<&'a str> {
    let own = member.and_then(|member| field.lists.get(member)).or(field.list.as_ref())?;
    pack.list(own).filter(|list| list.has(code)).map(|_| own.as_str())
}

fn labels(pack: &Pack, list: &str, code: &str) -> Vec<String> {
    let key = format!("{list}.{code}");
    let of = |lang: &String| pack.label(&key, lang).map(|label| label.text.clone());
    let mut labels: Vec<String> = pack.languages().iter().filter_map(of).collect();
    labels.dedup();
    // A code without words is shown as it is, so it is found as it is.
    if labels.is_empty() { vec![code.to_owned()] } else { labels }
}
