//! Answers to questions, in the format that was asked for: those of `explain` and of `why`.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::console::Io;
use crate::report::json_text;
use crate::report::lines::Lines;

/// The formats of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    Text,
    /// For programs: a list of the answers
    Json,
}

/// Writes answers: as one JSON list, or each for people with an empty line between them.
pub(super) fn write<T: Serialize>(
    answers: &[T],
    format: AnswerFormat,
    text: impl Fn(&T, &mut Lines<'_>) -> io::Result<()>,
    io: &mut Io,
) -> Result<()> {
    match format {
        AnswerFormat::Json => {
            json_text::write_pretty(&answers, &mut io.stdout)?;
            writeln!(io.stdout)?;
        }
        AnswerFormat::Text => {
            for (i, answer) in answers.iter().enumerate() {
                if i > 0 {
                    writeln!(io.stdout)?;
                }
                text(answer, &mut Lines::new(&mut *io.stdout, false))?;
            }
        }
    }
    io.stdout.flush()?;
    Ok(())
}
