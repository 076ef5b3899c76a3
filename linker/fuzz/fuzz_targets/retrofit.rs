#![cfg_attr(feature = "libfuzzer", no_main)]

p1bridge_fuzz::target!(retrofit);
