//! Declares keys and their schema in one place.

/// Declares the [`Key`](crate::Key)s of a program as constants, and a function that returns the [`Schema`](crate::Schema) of all of
/// them. A key that is declared here cannot be missing in the schema.
///
/// ```
/// use samovar_config::{Key, directives};
///
/// directives! {
///     /// The directives of the kitchen.
///     pub fn kitchen;
///
///     /// Whether water is hot.
///     pub const KETTLE: Key<bool> = Key::flag("Kettle").default(&["Off"]);
///     /// Who cooks.
///     pub const COOK: Key<Option<String>> = Key::text("Cook", "name");
/// }
///
/// let names: Vec<_> = kitchen().iter().map(|directive| directive.name()).collect();
/// assert_eq!(names, ["Kettle", "Cook"]);
/// ```
#[macro_export]
macro_rules! directives {
    (
        $(#[$of_schema:meta])* $visible:vis fn $schema:ident;
        $($(#[$of_key:meta])* $key_visible:vis const $key:ident: $type:ty = $declaration:expr;)*
    ) => {
        $($(#[$of_key])* $key_visible const $key: $type = $declaration;)*

        $(#[$of_schema])*
        #[must_use]
        $visible fn $schema() -> $crate::Schema {
            $crate::Schema::new([$($crate::Directive::from($key)),*])
        }
    };
}
