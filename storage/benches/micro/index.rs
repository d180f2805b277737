//! Building an index, asking it, and telling the rows of its answer.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use strata_storage::ColumnId;
use strata_storage::index::{IndexOptions, Question, method};
use strata_storage::segment::{CHUNK_ROWS, ColumnRef, Probed};
use strata_storage::words::{Tokenizer, WordQuery};

use crate::records::{MESSAGE, ROWS, Sealed, TRACE, Text, trace, word};

/// What is looked for. Ranks are of the vocabulary of prose; of the log's statements, those up to 60 are there.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    CommonWord,
    RareWord,
    AbsentWord,
    TwoWords,
    Phrase,
}

const TEXTS_AND_WANTED: [(Text, Wanted); 10] = [
    (Text::Log, Wanted::CommonWord),
    (Text::Log, Wanted::RareWord),
    (Text::Log, Wanted::AbsentWord),
    (Text::Log, Wanted::TwoWords),
    (Text::Log, Wanted::Phrase),
    (Text::Prose, Wanted::CommonWord),
    (Text::Prose, Wanted::RareWord),
    (Text::Prose, Wanted::AbsentWord),
    (Text::Prose, Wanted::TwoWords),
    (Text::Prose, Wanted::Phrase),
];

fn question(text: Text, wanted: Wanted) -> Question {
    let query = match (wanted, text) {
        (Wanted::CommonWord, _) => WordQuery::word(word(9)),
        (Wanted::RareWord, Text::Log) => WordQuery::word("777777"),
        (Wanted::RareWord, Text::Prose) => WordQuery::word(word(19_000)),
        (Wanted::AbsentWord, _) => WordQuery::word("zzabsent"),
        (Wanted::TwoWords, _) => WordQuery::all([WordQuery::word(word(9)), WordQuery::word(word(16))]),
        (Wanted::Phrase, _) => WordQuery::phrase(WordQuery::word(word(9)), WordQuery::word(word(16)), 1),
    };
    Question::Words { tokenizer: Tokenizer::Simple, query }
}

fn ask(sealed: &Sealed, column: ColumnId, question: &Question) -> Vec<Probed> {
    sealed.runtime.block_on(sealed.reader.probe(&ColumnRef::Column(column), question))
}

fn build(bencher: Bencher<'_, '_>, name: &str, pieces: &[ArrayRef]) {
    let (method, options) = (method(name).unwrap(), IndexOptions::new());
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut builder = method.builder(&options, ROWS);
        pieces.iter().for_each(|piece| builder.add(piece));
        builder.finish().unwrap()
    });
}

#[divan::bench(args = [Text::Log, Text::Prose], sample_count = 10, sample_size = 1)]
fn build_inverted(bencher: Bencher<'_, '_>, text: Text) {
    build(bencher, "inverted", &Sealed::of(text).chunks(MESSAGE));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn build_bloom(bencher: Bencher<'_, '_>) {
    build(bencher, "bloom", &Sealed::of(Text::Log).chunks(TRACE));
}

#[divan::bench(args = TEXTS_AND_WANTED)]
fn probe_inverted(bencher: Bencher<'_, '_>, (text, wanted): (Text, Wanted)) {
    let (sealed, question) = (Sealed::of(text), question(text, wanted));
    bencher.bench_local(|| ask(sealed, MESSAGE, black_box(&question)));
}

#[divan::bench(args = [true, false])]
fn probe_bloom(bencher: Bencher<'_, '_>, is_there: bool) {
    let sealed = Sealed::of(Text::Log);
    let wanted = trace(if is_there { 1_000 } else { ROWS });
    let question = Question::Equals(Arc::new(StringArray::from(vec![wanted])));
    bencher.bench_local(|| ask(sealed, TRACE, black_box(&question)));
}

/// From a question to the rows of every chunk.
fn rows(bencher: Bencher<'_, '_>, text: Text, wanted: Wanted) {
    let (sealed, question) = (Sealed::of(text), question(text, wanted));
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let probed = ask(sealed, MESSAGE, black_box(&question)).pop().unwrap();
        let whole = std::slice::from_ref(&(0..CHUNK_ROWS));
        let rows = |chunk| sealed.runtime.block_on(probed.rows_of_chunk(chunk, CHUNK_ROWS, whole)).unwrap().count_set_bits();
        (0..ROWS / CHUNK_ROWS).map(rows).sum::<usize>()
    });
}

#[divan::bench(args = [Wanted::CommonWord, Wanted::TwoWords, Wanted::Phrase])]
fn postings(bencher: Bencher<'_, '_>, wanted: Wanted) {
    rows(bencher, Text::Prose, wanted);
}

#[divan::bench(args = [Wanted::CommonWord, Wanted::TwoWords, Wanted::Phrase])]
fn families(bencher: Bencher<'_, '_>, wanted: Wanted) {
    rows(bencher, Text::Log, wanted);
}
