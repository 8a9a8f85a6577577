# What the README says, what people type, what runs before a change lands.

# Serve the example site.
serve path="examples/site":
    cargo run --release -- serve {{path}}

# All tests.
test:
    cargo test --workspace

# Everything that runs before a change lands.
ci:
    bash .ci/run

# Requests while scripts are saved in every way that there is: in pieces, refused and mended, removed and made again, by a link.
storm seconds="10":
    SAMOVAR_STORM_SECONDS={{seconds}} cargo test --release -p samovar --test program storm -- --nocapture

# How late each native function ends that is given much: on a machine that does nothing else, no line says more than 50 ms.
natives:
    cargo test --release -p samovar-rhai --test interpreter how_late -- --ignored --nocapture

# Which changes to the importer core, and to the scoping of configurations, their own tests do not notice (cargo-mutants; hours).
mutants *filter:
    cargo mutants -p samovar-importer -o target/mutants-importer {{filter}} -- --lib --test importer
    cargo mutants -p samovar-config -o target/mutants-config {{filter}} \
        -f 'config-parser/src/{section,layout,resolve}/**/*.rs' -f 'config-parser/src/schema/{merge,setting,address}.rs' -f config-parser/src/url.rs \
        -- --lib --tests

# Thousands of pairs of texts, here and in plain Rhai.
pairs:
    cargo test -p samovar-rhai --lib pairs_of_texts -- --ignored

# A process that keeps a history, killed at as many random moments: what it left must be whole.
kills times="1000":
    SAMOVAR_KILLS={{times}} cargo test -p samovar-importer --lib release::tests::killed

# Every interleaving of pin, publish, first load and freeze.
loom:
    RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p samovar-importer --test loom

# A hundred thousand reloads: memory, descriptors and threads must stay where they are.
soak reloads="100000":
    SAMOVAR_RELOADS={{reloads}} cargo bench -p samovar-benches --bench soak

# Random configurations against httpd itself, if it is installed.
oracle:
    SAMOVAR_ORACLE_CONFIGURATIONS=500 cargo test -p samovar --test program oracle -- --nocapture

# Texts that nobody would write, to the configuration's parser: for so many seconds, with cargo-fuzz and a nightly compiler.
fuzz seconds="60":
    cd config-parser && mkdir -p fuzz/corpus/load && \
        cargo +nightly fuzz run load fuzz/corpus/load tests/debian tests/findings -- -max_total_time={{seconds}}

# Values of every shape, to every native function: for so many seconds. The script that runs stands in fuzz.rhai below target.
fuzz-values seconds="600" seed="$RANDOM":
    SAMOVAR_FUZZ_SECONDS={{seconds}} SAMOVAR_FUZZ_SEED={{seed}} cargo test --release -p samovar-rhai --test fuzz -- --nocapture

# Benchmarks; see benches/README.md.
bench *filter:
    cargo bench -p samovar-benches {{filter}}

# Licences, advisories and sources of all dependencies.
deny:
    cargo deny check

# Pages that are made from tables and examples: configuration, reference, rules, embedding.
pages:
    UPDATE=1 cargo test -p samovar --lib guide
    UPDATE=1 cargo test -p samovar-rhai --lib reference
    UPDATE=1 cargo test -p samovar-integration-tests --test rules
    UPDATE=1 cargo test -p samovar --test program embedded

# The guide as a book, in target/book (mdBook: `cargo install mdbook`).
book:
    mdbook build

# Documentation with every link checked.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
