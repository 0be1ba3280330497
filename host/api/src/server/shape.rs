//! Shapes of what goes in and comes out, as the OpenAPI document says them.

use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::Page;

/// Named schemas that a shape rests on.
pub(crate) type Named = Vec<(String, RefOr<Schema>)>;

/// A wire type, or an array of it.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    name: fn() -> String,
    put: fn(&mut Named),
    many: Many,
}

#[derive(Clone, Copy)]
enum Many {
    One,
    List,
    Either,
}

impl Shape {
    /// One of it.
    pub(crate) const fn of<T: ToSchema>() -> Self {
        Self { name: name::<T>, put: put::<T>, many: Many::One }
    }

    /// An array of it.
    pub(crate) const fn list<T: ToSchema>() -> Self {
        Self { many: Many::List, ..Self::of::<T>() }
    }

    /// One, or an array.
    pub(crate) const fn either<T: ToSchema>() -> Self {
        Self { many: Many::Either, ..Self::of::<T>() }
    }

    /// A page of it.
    pub(crate) const fn page<T: ToSchema>() -> Self {
        Self { name: page_name::<T>, put: put_page::<T>, many: Many::One }
    }

    /// The schema, and through `named` what it rests on.
    pub(crate) fn schema(self, named: &mut Named) -> RefOr<Schema> {
        (self.put)(named);
        let one = || Ref::from_schema_name((self.name)());
        let list = || ArrayBuilder::new().items(one()).build();
        match self.many {
            Many::One => one().into(),
            Many::List => Schema::from(list()).into(),
            Many::Either => Schema::from(OneOfBuilder::new().item(one()).item(list()).build()).into(),
        }
    }
}

fn name<T: ToSchema>() -> String {
    T::name().into_owned()
}

fn put<T: ToSchema>(named: &mut Named) {
    T::schemas(named);
    named.push((name::<T>(), T::schema()));
}

/// Pages are told apart by what they hold; by itself, every one of them is called `Page`.
fn page_name<T: ToSchema>() -> String {
    format!("PageOf{}", T::name())
}

fn put_page<T: ToSchema>(named: &mut Named) {
    put::<T>(named);
    named.push((page_name::<T>(), Page::<T>::schema()));
}

/// One way a request may end well.
#[derive(Clone, Copy)]
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) says: &'static str,
    pub(crate) media: Option<&'static str>,
    pub(crate) shape: Option<Shape>,
}

impl Given {
    pub(crate) const fn json(status: u16, says: &'static str, shape: Shape) -> Self {
        Self { status, says, media: Some("application/json"), shape: Some(shape) }
    }

    pub(crate) const fn media(status: u16, says: &'static str, media: &'static str) -> Self {
        Self { status, says, media: Some(media), shape: None }
    }

    pub(crate) const fn nothing(status: u16, says: &'static str) -> Self {
        Self { status, says, media: None, shape: None }
    }
}
