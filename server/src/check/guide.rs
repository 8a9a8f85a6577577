//! The page "Configuration" of the guide, made from the table of directives, so that the two cannot differ.

use std::fmt::Write as _;

use samovar_config::{ANYWHERE, Contexts, DIRECTORY, Directive, HOST, Merge, SERVER, VARIABLES};

use super::findings::FINDINGS;
use crate::settings::directives::schema;

/// The page, as Markdown.
#[must_use]
pub fn guide() -> String {
    let schema = schema();
    let names = VARIABLES.map(|name| format!("`{name}`")).join(", ");
    let mut out = BEGINNING.replace("{VARIABLES}", &names);
    out.push_str("\n## Directives\n\n| directive | arguments | where | default |\n|---|---|---|---|\n");
    for directive in schema.iter() {
        let name = directive.name();
        let synopsis = directive.synopsis();
        let arguments = cell(synopsis[name.len()..].trim());
        let (place, default) = (short(directive.contexts()), default(directive));
        let _ = writeln!(out, "| [{name}](#{}) | {arguments} | {place} | {default} |", name.to_ascii_lowercase());
    }
    for directive in schema.iter() {
        section(&mut out, directive);
    }
    out.push_str(MERGING);
    out.push_str(CHECK);
    for (code, text) in FINDINGS {
        let kind = if code.id().starts_with('E') { "error" } else { "warning" };
        let _ = write!(out, "\n### {} {}\n\n*{kind}* · {text}\n", code.id(), code.slug());
    }
    out
}

fn section(out: &mut String, directive: &Directive) {
    let _ = write!(out, "\n### {}\n\n", directive.name());
    let mut purpose = directive.purpose().to_owned();
    if let Some(first) = purpose.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let _ = writeln!(out, "{purpose}.\n\n```\n{}\n```\n", directive.synopsis());
    let parameters = directive.parameters().filter(|parameter| parameter.expects() != "expected a text");
    for parameter in parameters {
        let expects = parameter.expects();
        let expects = expects.strip_prefix("expected ").unwrap_or(&expects);
        let _ = writeln!(out, "- `{}`: {expects}", parameter.name());
    }
    let _ = writeln!(out, "- Where: {}", directive.contexts());
    let _ = writeln!(out, "- Default: {}", default(directive));
    let _ = writeln!(out, "- Merging: {}", merging(directive.merge()));
    if !directive.details().is_empty() {
        let _ = write!(out, "\n{}\n", directive.details());
    }
}

/// FindingCode in a table, where a bar would end the cell.
fn cell(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn default(directive: &Directive) -> String {
    match directive.default_arguments() {
        [] => "none".to_owned(),
        texts => format!("`{}`", texts.join(" ")),
    }
}

fn short(contexts: Contexts) -> &'static str {
    match contexts {
        ANYWHERE => "everywhere",
        SERVER => "server",
        HOST => "virtual host",
        DIRECTORY => "section",
        contexts if contexts == SERVER | HOST => "server, virtual host",
        _ => "sections",
    }
}

fn merging(merge: Merge) -> &'static str {
    match merge {
        Merge::Innermost => "the innermost value applies",
        Merge::Replace => "all lines of the innermost section that has any apply together",
        Merge::Accumulate => "all lines apply, outermost first",
        Merge::PerKey => "for each key, the innermost value applies; an empty or absent value deletes the key",
        Merge::PerKeyTighten(_) => {
            "for each key, the smaller value applies: an inner section can tighten a limit, not loosen it"
        }
        Merge::ReplaceKeyed(_) => {
            "for each extension, and for lines without one, all lines of the innermost section that has any apply together"
        }
        Merge::Custom(_) => "by a rule of its own",
    }
}

const BEGINNING: &str = r#"# Configuration

<!-- Made from the table of directives: `UPDATE=1 cargo test -p samovar guide`. -->

A directory is served without any configuration. If it has a file `samovar.conf`, that is its configuration. The language is that of Apache httpd: one
directive a line, and sections for hosts, directories, files and URLs.

```
Listen 8080
DocumentRoot public
SetHandler rhai

<Location /admin>
    RhaiAuthenHandler auth::who
    RhaiLimit time 500
</Location>
```

`samovar check PATH` lists all mistakes. `samovar explain URL --site PATH` shows, for one URL, every value that applies, the line that it comes from, and which
sections match; `--host`, `--method` and `--header` describe the request further.

When a configuration file changes, on `SIGHUP`, and on `samovar reload`, the server reads the whole configuration, checks it and loads what it names. Then
all of it takes effect at once. After any error, the configuration that runs stays, and the error is logged. Requests end under the configuration with which
they began. Interpreters stay, with their state; only new lines of `RhaiImport` run; what is frozen stays frozen. Sockets that stay accept connections all the
while.

A configuration is never lost by accident:

- A configuration that is gone is an error, and so is one of its files that has become empty (a file with a comment is not empty). Only a directory that was
  served without `samovar.conf` starts without one; when it appears, it is logged and takes effect. If the file itself is named, `samovar serve
  site/samovar.conf`, it must exist at the start, too.
- A file that is still being written is read when it is closed. `samovar reload` and `SIGHUP` do not wait for that.
- A file that `Include` names must exist. A file that `IncludeOptional` or a wildcard names may be missing: when it has been gone for two seconds, the
  configuration takes effect without it. So name by `Include` what must not be missing, such as access control.
- A directory that exists and cannot be read is an error, also for `IncludeOptional`.

The server's own files are never served, whatever their names and whichever links lead to them: files that were read as configuration (also one that was refused),
logs, also when they were renamed (`access.log.1`), and the control socket. `samovar check` warns if one of them lies below a document root.

## The language

- Names of directives and sections are the same in upper and lower case. `#` begins a comment only at the start of a line. A `\` as the very last character
  continues the line.
- Arguments are separated by white space. Double and single quotes keep white space, with `\"` and `\\` inside.
- `Include file` and `IncludeOptional file` read other files; wildcards are taken in alphabetical order.
- `Define NAME value` defines `${NAME}`. Variables of the environment are used in the same way. `-D NAME` on the command line defines a name, also for
  `<IfDefine NAME>`.
- `<IfModule name>` is true for `rhai_module` (`mod_rhai.c`) only, so that directives for other modules of httpd are skipped.
- Relative paths start at `ServerRoot`, which is the directory of the configuration file unless it is set.

## Sections

| section | applies to |
|---|---|
| `<VirtualHost address:port ..>` | requests that came in at that address and name its `ServerName` or a `ServerAlias`; the first one is the default |
| `<Directory path>`, `<Directory ~ regex>`, `<DirectoryMatch regex>` | files below a directory; the path may have wildcards |
| `<Files name>`, `<Files ~ regex>`, `<FilesMatch regex>` | files with that name; it may stand in `<Directory>` |
| `<Location url>`, `<Location ~ regex>`, `<LocationMatch regex>` | paths of URLs: `/foo` is `/foo` and `/foo/x`, not `/foobar` |
| `<IfDefine NAME>`, `<IfDefine !NAME>`, `<IfModule name>` | its lines are read if the condition is true |
| `<If "expression">`, `<ElseIf "expression">`, `<Else>` | requests for which the expression is true, or no expression before it was; it may stand in every other section, and then applies within it |

`<If>` knows a part of httpd's expressions; anything else in one is an error.

- Words: `'text'`, `"text"`, numbers, `%{NAME}` (in texts as well), `%{HTTP:Name}` or `req('Name')` for a header, `tolower(word)`, `toupper(word)`;
  `word . word` joins.
- Texts are compared with `==`, `!=`, `<`, `<=`, `>`, `>=`; numbers with `-eq`, `-ne`, `-lt`, `-le`, `-gt`, `-ge`.
- Patterns: `word =~ /regex/i` and `word !~ m#regex#`; `word -strmatch 'a*'`, `-strcmatch` without regard to case, and `-fnmatch`, whose wildcards do not match `/`;
  `word in { 'a', 'b' }`; `word -ipmatch '10.0.0.0/8'`.
- `-n word` (not empty), `-z word` (empty), `-T word` (not empty, `0`, `off`, `false` or `no`), `-R '10.0.0.0/8'` (the client's address).
- `true`, `false`, `!`, `&&`, `||` and parentheses.
- Names: {VARIABLES}.
  `REMOTE_USER` is always empty, since sections are matched before authentication.

When `/a/` is answered by an index page, `/a/index.html` (or a script, `/a/index`), the settings of that URL apply to it, as if httpd had redirected to it: handlers,
limits, options, and `REQUEST_URI` in `<If>`. The middleware of `/a/` runs first, with its own options; where the same sections apply to both, it runs once. Scripts see
the URL of the request in `req.path`. `samovar explain /a/` shows both. Sections are matched before the index page is chosen, so a `DirectoryIndex` in an `<If>` has an
effect only if the expression asks for the path or the file alone.

## Phases

A request passes through these functions in this order. All but `RhaiHandler` are middleware. Each function takes `req`.

| directive | functions run until | if all decline |
|---|---|---|
| `RhaiAccessHandler` | one ends the request | the request goes on |
| `RhaiAuthenHandler` | one returns `OK`, or ends the request | 500 |
| `RhaiAuthzHandler` | one returns `OK`, or ends the request | 500 |
| `RhaiFixupHandler` | one ends the request | the request goes on |
| `RhaiHandler` | one does not return `DECLINED` | the static file, or 404 |
| `RhaiLogHandler` | one returns neither `OK` nor `DECLINED` | |
| `RhaiCleanupHandler` | all run | |

`OK`, `DECLINED` and `DONE` are constants in every script. A function ends the request by returning `DONE` (the response is what was written so far), a status, or any
other response, or by throwing one. Returning nothing means `OK` in the fixup, log and cleanup phases. In the access, authentication and authorization phases it is an error,
so that a forgotten decision lets nobody in.

The log and cleanup phases run after the response has been sent, or when the client has gone, and see its status as `req.status`. Functions that scripts gave to
`req.on_finish` run between the two. All of them have their own threads: no request waits for them.
"#;

const CHECK: &str = r#"
## Findings

`samovar check` prints findings with file, line and column. It exits with 1 if there is an error; with `--deny warnings`, also if there is a warning. It runs no script, but it
compiles the scripts that URLs, lines of the configuration and literal imports lead to. Whatever the server would refuse when it loads them is an error, at its place in the
script. The server does not start with a configuration that breaks the rules of the language, nor if a line of `RhaiImport` fails. With the other errors it starts, and serves all
that they do not concern: a request that meets a missing module, or a script that does not load, is answered with 500. A deploy should let none of them pass:

```
samovar check site && rsync -a --delete site/ server:/srv/site/
```

`--format json` prints a list for programs, `--format github` the workflow commands with which GitHub shows each finding beside its line. Imports with computed names, and
directories in `__mp_path__`, are only known when scripts run.
"#;

const MERGING: &str = r"
## Which value applies

1. The virtual host is chosen by address and `Host` header. Its settings are merged over those outside all sections.
2. Sections that match are merged in httpd's order: `<Directory>` without regular expressions, the one with the fewest path components first; `<Directory>` with regular
   expressions; `<Files>`; `<Location>`; `<If>`, in the order of the sections in which they stand. Within each group, the order is that of the file. `<Directory>` sections of a
   virtual host are sorted among those of the main server, and win ties; in the other groups, the virtual host's sections come last.
3. The URL is decoded and normalised once, before anything is matched; scripts see the same path.

A section that is merged later is the inner one. Each directive says how two values become one.
";

#[cfg(test)]
mod tests {
    use samovar_config::FindingCode;

    use super::*;

    #[test]
    fn the_guide_says_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, guide()).expect("a writable folder");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == guide(), "docs/configuration.md is out of date: UPDATE=1 cargo test -p samovar guide");
    }

    #[test]
    fn every_kind_of_finding_is_explained_and_nothing_else() {
        let explained: Vec<&str> = FINDINGS.iter().map(|(code, _)| code.id()).collect();
        let mut known: Vec<&str> =
            FindingCode::ALL.iter().chain(crate::check::findings::CODES).map(|code| code.id()).collect();
        known.sort_unstable();
        assert_eq!(explained, known);
    }

    #[test]
    fn every_directive_says_what_it_is_for() {
        for directive in schema().iter() {
            assert!(!directive.purpose().is_empty(), "{}", directive.name());
        }
    }
}
