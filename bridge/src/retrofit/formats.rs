//! The formats, one module each.

mod ar;
mod closed;
mod cpio;
mod deb;
mod deflate;
mod detached;
mod dump;
mod esp;
mod fat;
mod gzip;
mod hex;
mod mcuboot;
mod romfs;
mod squashfs;
mod srec;
mod tape;
#[cfg(test)]
mod tests;
mod text;
mod uf2;
mod uimage;
mod xz;
mod zip;

use super::container::Format;

pub use ar::NAME as AR;

/// All of them; the first that knows a file has it. What is marked by much comes before what is marked by little.
pub const FORMATS: &[&dyn Format] = &[
    &mcuboot::Mcuboot,
    // On some chips, a flash begins with an image: that of the boot loader.
    &esp::Flash,
    // They begin as those of later chips do, and are held to more.
    &closed::ESP8266,
    &esp::App,
    &hex::IntelHex,
    &srec::SRecord,
    &uf2::Uf2,
    &uimage::UImage,
    &uimage::Fit,
    &romfs::Romfs,
    &gzip::Gzip,
    &zip::Zip,
    &ar::Ar,
    &cpio::Cpio,
    // A bundle is a squashfs with more behind it.
    &closed::RAUC,
    &squashfs::Squashfs,
    &closed::UBI,
    &closed::UBIFS,
    &closed::CRAMFS,
    &closed::ANDROID_BOOT,
    &closed::ANDROID_PAYLOAD,
    &closed::ANDROID_SPARSE,
    &closed::XZ,
    &closed::ZSTD,
    &closed::BZIP2,
    &closed::LZ4,
    &closed::OPENSSL,
    &tape::Tar,
    &fat::Fat,
    &closed::WEAR_LEVELLED,
    &closed::LITTLEFS,
    &closed::EROFS,
    &closed::JFFS2,
    &closed::SPIFFS,
    &closed::LZMA,
    // Nothing says what it is, but the images in it.
    &dump::Dump,
];
