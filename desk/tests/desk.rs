//! The desk as a whole: reports sealed as a device seals them, pulled into a real folder, opened, shown, extracted;
//! and the program itself against a real server.

#[cfg(test)]
mod cases {
    mod extracting;
    mod fixture;
    mod hostile;
    mod machines;
    mod memory;
    mod opening;
    mod phones;
    mod program;
    mod pulling;
    mod scan;
    mod words;
}
