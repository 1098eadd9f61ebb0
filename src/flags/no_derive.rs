//! Options without command-line flags.

/// Options.
pub trait Flags {}
impl<F> Flags for F {}

/// Removes the attributes for flags from a struct.
macro_rules! flags {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $(
                $(#[doc $($doc:tt)*])*
                $(#[arg $arg:tt])?
                $(#[command $command:tt])?
                $field_visibility:vis $field:ident: $type:ty
            ),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[doc $($doc)*])* $field_visibility $field: $type),*
        }
    };
}
pub(crate) use flags;

/// Nothing, because there are no flags to convert from.
macro_rules! flags_of {
    ($options:ty: $flags:ty) => {};
}
pub(crate) use flags_of;
