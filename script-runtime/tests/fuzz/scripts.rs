//! Scripts at random.

use std::fmt::Write as _;

/// Numbers that follow from a seed: xorshift64*, after Vigna, "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled" (2016).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

const NATIVES: &str = include_str!("natives.txt");

/// Values to begin with.
const ATOMS: [&str; 36] = [
    "0",
    "1",
    "-1",
    "7",
    "64",
    "9223372036854775807",
    "-9223372036854775807 - 1",
    "0.5",
    "-0.0",
    "1.0 / 0.0",
    "0.0 / 0.0",
    "1e308",
    "\"\"",
    "\"a\"",
    "\"öß漢\\0\"",
    "\"1,2,3\"",
    "\"[[1]]\"",
    "'c'",
    "'\\0'",
    "()",
    "true",
    "0..3",
    "5..=9",
    "[]",
    "[1, 2, 3]",
    "#{}",
    "#{a: 1, get: 2}",
    "blob(5, 65)",
    "timestamp()",
    "html(\"<b>\")",
    "table()",
    "cell(1)",
    "counter(3)",
    "queue(3)",
    "cache(3, 9)",
    "lock()",
];

/// How values are put together; `$a`, `$b`, `$c` are variables.
const SHAPES: [&str; 34] = [
    "$a = [$a, $b]",
    "$a = #{a: $b, b: $a}",
    "$a.push($b)",
    "$a[0] = $b",
    "$a[\"k\"] = $b",
    "$a.k = $b",
    "$a = || $b",
    "$a = |x| [$a, x, $b]",
    "$a.get = || $a",
    "$a = callback(|| [$b, $a])",
    "$a = callback(|x| x)",
    "$a = cell($b)",
    "$a.set(\"k\", $b)",
    "$a.push($b, 1)",
    "T.set(\"a\", $a)",
    "$a = T.get(\"a\")",
    "C.set($a)",
    "$a = C.get()",
    "$a = $b.curry($a)",
    "$a = Fn(\"g\").curry($b, $c)",
    "$a = [[$a], #{m: [$b]}]",
    "for n in 0..30 { let p = $a; $a = #{a: || p, b: || p}; }",
    "for n in 0..30 { let p = $a; $a = callback(|| [p, p]); }",
    "for n in 0..5000 { let p = $a; $a = || p; }",
    "for n in 0..3000 { let p = $a; $a = callback(|| p); }",
    "for n in 0..800 { $a = [$a]; }",
    "for n in 0..300 { $a = #{m: $a}; }",
    "for n in 0..3000 { $a = cell($a); }",
    "for n in 0..12 { $a = $a + $a; }",
    "for n in 0..1000 { T.set(\"a\", callback(|| T.get(\"a\"))); }",
    "let p = C.get(); C.set(callback(|| p))",
    "$a.pad(100000, $b)",
    "$a.pad(100000, ' ')",
    "for n in 0..8 { $a = $a.curry($a); }",
];

/// What is done with them, besides calling natives.
const USES: [&str; 22] = [
    "$a == $b",
    "$a != $b",
    "$a in $b",
    "`${$a}`",
    "\"s\" + $a",
    "$a + $b",
    "$a < $b",
    "$a[$b]",
    "$a[$b] = $c",
    "$a[0..2]",
    "switch $a { 1 => 2, [1] => 3, _ => 4 }",
    "for x in $a { if x == $b { break; } }",
    "g($a)",
    "$a.call($b)",
    "$a()",
    "throw $a",
    "print($a)",
    "debug($a)",
    "to_json($a)",
    "$a ?? $b",
    "let d = $a; d.x = $b",
    "$a += $b",
];

/// A script with a function `f`.
pub(crate) fn write(random: &mut Random) -> String {
    let mut text = String::from("const T = table();\nconst C = cell(());\nfn g(x) { x }\nfn f() {\n");
    for name in ["u", "v", "w"] {
        let _ = writeln!(text, "    let {name} = {};", random.one_of(&ATOMS));
    }
    for _ in 0..2 + random.below(8) {
        let shape = random.one_of(&SHAPES);
        line(&mut text, shape, random);
    }
    for _ in 0..1 + random.below(6) {
        let used = match random.below(3) {
            0 => random.one_of(&USES).to_owned(),
            _ => native(random),
        };
        line(&mut text, &used, random);
    }
    let _ =
        writeln!(text, "    {}\n}}", random.one_of(&["u", "v", "[u, v, w]", "C", "()", "throw u", "callback(|| u)"]));
    if random.below(8) == 0 {
        text.push_str("const K = f();\n");
    }
    text
}

fn line(text: &mut String, statement: &str, random: &mut Random) {
    let mut statement = statement.to_owned();
    for place in ["$a", "$b", "$c"] {
        statement = statement.replace(place, random.one_of(&["u", "v", "w"]));
    }
    let _ = writeln!(text, "    try {{ {statement}; }} catch {{ }}");
}

/// A call of a native function, or a property.
fn native(random: &mut Random) -> String {
    let lines: Vec<_> = NATIVES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut words = random.one_of(&lines).split(' ');
    let name = words.next().unwrap_or_default();
    let arities: Vec<usize> = words.filter_map(|word| word.parse().ok()).collect();
    if arities.is_empty() {
        return format!("$a.{name}");
    }
    let arity = arities[random.below(arities.len())];
    let argument = |random: &mut Random| match random.below(4) {
        0 => random.one_of(&ATOMS).to_owned(),
        1 => random.one_of(&["|x| x", "|x, y| x == y", "|x| $b", "|| $c", "|x, y| 1", "|a, b, c| a"]).to_owned(),
        _ => random.one_of(&["$a", "$b", "$c"]).to_owned(),
    };
    let arguments: Vec<_> = (0..arity).map(|_| argument(random)).collect();
    match arguments.split_first() {
        Some((_, rest)) if random.below(3) > 0 => format!("$a.{name}({})", rest.join(", ")),
        _ => format!("{name}({})", arguments.join(", ")),
    }
}
