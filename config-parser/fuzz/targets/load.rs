//! `just fuzz`: whatever a file holds, it is loaded or refused, told about and asked, without a panic and without end.

#![no_main]

#[path = "../attempt.rs"]
mod attempt;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| attempt::attempt(bytes));
