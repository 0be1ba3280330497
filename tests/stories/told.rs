//! The long stories. What happens in each is in its transcript; here stands which there are.

use std::fs;

use crate::transcript::{check, folder};

macro_rules! stories {
    ($($(#[$about:meta])* $name:ident)*) => {
        $($(#[$about])* #[test] fn $name() { check(&stringify!($name).replace('_', "-")); })*

        #[test]
        fn every_transcript_is_checked() {
            let mut files: Vec<String> =
                fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            files.sort();
            let mut told = vec![$(format!("{}.txt", stringify!($name).replace('_', "-"))),*];
            told.sort();
            assert_eq!(files, told);
        }
    };
}

stories! {
    a_year_of_one_customer
    an_operators_week
    the_price_rises
    yen_and_dinars
    overage_and_a_bad_month
    a_vendors_share
    when_nobody_pays
    comings_and_goings
    two_at_once
    a_noisy_neighbour
}
