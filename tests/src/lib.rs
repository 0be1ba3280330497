//! What is true of the whole product. The crate itself is empty; each folder beside it is one test program:
//! `engine` (the nine states over scripted governors), `stories` (the built binary), `tidy` (house rules).
