//! Images that others' tools have made, with a module replaced by `p1bridge retrofit`: the tools find them in order, and in
//! them what is to be there. Tools that are not installed are named and skipped.

use std::path::Path;
use std::process::Command;

use p1bridge::profiles::named;
use p1bridge::retrofit::{Difference, Options, Where, replace, slots};

use crate::common::Folder;

/// The module of the images, and the one that takes its place.
fn prebuilt(name: &str) -> Vec<u8> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/prebuilt");
    std::fs::read(corpus.join(name)).unwrap()
}

/// Whether all of the tools are there.
fn have(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |tool: &str| std::env::split_paths(&path).any(|folder| folder.join(tool).exists());
    let missing: Vec<&str> = tools.iter().copied().filter(|tool| !there(tool)).collect();
    if !missing.is_empty() {
        eprintln!("skipped: there is no {}", missing.join(", "));
    }
    missing.is_empty()
}

/// Firmware with the old module in it, and that with the new one.
struct Images {
    folder: Folder,
}

impl Images {
    /// `app.bin`, and `app.wasm` for itself, beside a file that stays.
    fn new() -> Images {
        let folder = Folder::new();
        let old = prebuilt("hello-c.wasm");
        folder.add("app.bin", firmware(&old));
        folder.add("app.wasm", &old);
        folder.add("other.txt", "what stays\n".repeat(100));
        // As the runtime takes it, so that it can be found again.
        folder.add("trap.wasm", prebuilt("trap-c.wasm"));
        let lower = [
            "lower",
            "trap.wasm",
            "--profile",
            "wamr-2020",
            "-o",
            "new.wasm",
        ];
        folder.run(&lower).succeeded();
        Images { folder }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// What a shell prints.
    #[track_caller]
    fn shell(&self, script: &str) -> Vec<u8> {
        let mut shell = Command::new("sh");
        shell.args(["-ec", script]).current_dir(self.folder.path());
        shell.env("SOURCE_DATE_EPOCH", "1600000000");
        let output = shell.output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {complaint}");
        output.stdout
    }

    /// Whether a shell has something to complain about.
    fn complains(&self, script: &str) -> bool {
        let mut shell = Command::new("sh");
        shell.args(["-ec", script]).current_dir(self.folder.path());
        !shell.output().unwrap().status.success()
    }

    /// Replaces the only module, or that of a slot.
    #[track_caller]
    fn replace(&self, image: &str, output: &str, more: &[&str]) {
        let arguments = self.arguments(image, output);
        let arguments: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(more.iter().copied())
            .collect();
        self.folder.run(&arguments).succeeded();
        self.folder.run(&["retrofit", output]).succeeded();
    }

    fn arguments<'a>(&self, image: &'a str, output: &'a str) -> [&'a str; 10] {
        [
            "retrofit",
            image,
            "--replace",
            "new.wasm",
            "--profile",
            "wamr-2020",
            "--allow",
            "memory",
            "-o",
            output,
        ]
    }

    #[track_caller]
    fn refused(&self, image: &str, parts: &[&str]) {
        self.folder
            .run(&self.arguments(image, "refused"))
            .failed_with(parts);
        assert!(!self.folder.path().join("refused").exists());
    }

    /// `app.bin` as it is to be.
    #[track_caller]
    fn is_new_firmware(&self, found: &[u8]) {
        let old = self.read("app.bin");
        assert_eq!(found.len(), old.len());
        let length = prebuilt("hello-c.wasm").len();
        self.is_new_module(&found[NEIGHBOUR..NEIGHBOUR + length]);
        assert!(found[..NEIGHBOUR] == old[..NEIGHBOUR]);
        assert!(found[NEIGHBOUR + length..] == old[NEIGHBOUR + length..]);
    }

    /// `app.wasm` as it is to be.
    #[track_caller]
    fn is_new_module(&self, found: &[u8]) {
        assert_eq!(found.len(), prebuilt("hello-c.wasm").len());
        assert!(found.starts_with(&self.read("new.wasm")));
        wasmparser::validate(found).unwrap();
    }

    /// Cut off anywhere, and with any bit turned, it is refused or listed, and what is listed is replaced or refused.
    fn damaged(&self, image: &str) {
        let whole = self.read(image);
        let profile = named("wamr-2020").unwrap();
        let new = self.read("new.wasm");
        let mut state = 7u64;
        let mut below = |most: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % most
        };
        for number in 0..40 {
            let mut bytes = whole.clone();
            match number % 4 {
                0 => bytes.truncate(below(whole.len())),
                1 => bytes[below(whole.len().min(600))] ^= 1 << below(8),
                _ => bytes[below(whole.len())] ^= 1 << below(8),
            }
            let Ok(found) = slots(&bytes, Some(&profile)) else {
                continue;
            };
            for slot in found.slots.iter().take(2) {
                let options = Options {
                    slots: vec![Where::Number(slot.number)],
                    profile: Some(profile.clone()),
                    allow: Difference::ALL.into_iter().collect(),
                    unsigned: true,
                    ..Options::default()
                };
                let _ = replace(&bytes, &new, &options);
            }
        }
    }

    /// Turns a bit.
    fn flip(&self, image: &str, at: usize, output: &str) {
        let mut bytes = self.read(image);
        bytes[at] ^= 1;
        self.folder.add(output, bytes);
    }
}

/// Bytes on both sides of the module.
const NEIGHBOUR: usize = 1000;

fn firmware(module: &[u8]) -> Vec<u8> {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let before: Vec<u8> = (0..NEIGHBOUR).map(|_| noise()).collect();
    let behind: Vec<u8> = (0..NEIGHBOUR).map(|_| noise()).collect();
    [&before, module, &behind].concat()
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|at| at == what).unwrap()
}

#[test]
fn lines_of_srec_cat() {
    if !have(&["srec_cat"]) {
        return;
    }
    let images = Images::new();
    for (format, options) in [
        ("-Motorola", "-address-length=2"),
        ("-Motorola", "-address-length=3"),
        ("-Motorola", "-address-length=4"),
        ("-Motorola", "-line-length=44 -CRLF"),
        ("-Intel", ""),
    ] {
        images.shell(&format!(
            "srec_cat app.bin -Binary -offset 0x1000 -o app.hex {format} {options}"
        ));
        images.replace("app.hex", "new.hex", &[]);
        images.shell(&format!(
            "srec_cat new.hex {format} -offset -0x1000 -o new.bin -Binary"
        ));
        images.is_new_firmware(&images.read("new.bin"));
        // The tool makes the same lines of the new firmware.
        images.shell(&format!(
            "srec_cat new.bin -Binary -offset 0x1000 -o again.hex {format} {options}"
        ));
        assert!(
            images.read("again.hex") == images.read("new.hex"),
            "{format} {options}"
        );
        // A digit in the third line.
        let text = images.read("app.hex");
        let line = text
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .nth(2)
            .unwrap()
            .0;
        let digits = text[line + 20..].iter();
        let digit = digits.take_while(|byte| !byte.is_ascii_digit()).count();
        images.flip("app.hex", line + 20 + digit, "bad.hex");
        assert!(images.complains(&format!("srec_cat bad.hex {format} -o x -Binary")));
        images.refused("bad.hex", &["checksum"]);
    }
}

#[test]
fn blocks_of_uf2utils() {
    if !have(&["python3", "uf2info", "uf2extract"]) {
        return;
    }
    let images = Images::new();
    let python = |script: &str| images.shell(&format!("python3 - <<'END'\n{script}\nEND"));
    python(
        "from uf2utils.file import UF2File\nfrom uf2utils.family import Family\n\
         uf2 = UF2File(board_family=Family.byName('RP2040').id, fill_gaps=False)\n\
         uf2.append_payload(open('app.bin', 'rb').read(), start_offset=0x10000000, block_payload_size=256)\n\
         uf2.to_file('app.uf2')",
    );
    images.replace("app.uf2", "new.uf2", &[]);
    images.shell("uf2info new.uf2; uf2extract --out new.bin new.uf2");
    let mut found = images.read("new.bin");
    found.truncate(images.read("app.bin").len());
    images.is_new_firmware(&found);
    assert_eq!(images.read("new.uf2").len(), images.read("app.uf2").len());
}

#[test]
fn images_of_mkimage() {
    if !have(&["mkimage", "dumpimage", "bsdcpio", "bsdtar", "gzip"]) {
        return;
    }
    let images = Images::new();
    let make = |kind: &str, data: &str, output: &str| {
        images.shell(&format!(
            "mkimage -A arm -O linux -a 0x8000 -e 0x8000 -n test {kind} -d {data} {output}"
        ))
    };
    make("-T kernel -C none", "app.bin", "app.img");
    images.replace("app.img", "new.img", &[]);
    images.shell(
        "mkimage -l new.img | grep 'Image Name'; dumpimage -T kernel -p 0 -o new.bin new.img",
    );
    images.is_new_firmware(&images.read("new.bin"));
    make("-T kernel -C none", "new.bin", "again.img");
    assert!(images.read("again.img") == images.read("new.img"));
    for (at, what) in [
        (64 + 10, "CRC-32 of the data"),
        (40, "CRC-32 of the header"),
    ] {
        images.flip("app.img", at, "bad.img");
        assert!(images.complains("mkimage -l bad.img | grep 'Image Name'"));
        images.refused("bad.img", &[what]);
    }
    // A RAM disk is looked into.
    images.shell(
        "printf 'app.wasm\\nother.txt\\n' | bsdcpio -o -H newc > disk.cpio; gzip -n -k disk.cpio",
    );
    make("-T ramdisk -C none", "disk.cpio.gz", "disk.img");
    images.replace("disk.img", "new.img", &[]);
    images.shell("mkimage -l new.img | grep 'Image Name'; dumpimage -T ramdisk -p 0 -o new.cpio.gz new.img; gzip -t new.cpio.gz");
    images.is_new_module(&images.shell("gzip -dc new.cpio.gz | bsdtar -xOf - app.wasm"));
    // What only the tool makes.
    make("-T kernel -C gzip", "app.bin", "packed.img");
    images.refused("packed.img", &["gunzip", "mkimage"]);
    make("-T multi -C none", "app.bin:other.txt", "multi.img");
    images.refused("multi.img", &["dumpimage -T multi"]);
    if have(&["dtc"]) {
        images.shell(
            "mkimage -f auto -A arm -O linux -T kernel -C none -a 0 -e 0 -d app.bin app.itb",
        );
        images.refused("app.itb", &["mkimage -f"]);
    }
}

#[test]
fn a_file_system_of_genromfs() {
    if !have(&["genromfs"]) {
        return;
    }
    let images = Images::new();
    images.shell(
        "mkdir -p d/bin; cp app.wasm d/bin; cp other.txt d; genromfs -d d -V name -f rom.img",
    );
    images.replace("rom.img", "new.img", &["--slot", "bin/app.wasm!0x0"]);
    images
        .folder
        .run(&["retrofit", "new.img", "--extract", "got.wasm"])
        .succeeded();
    images.is_new_module(&images.read("got.wasm"));
    // The tool makes the same image of the new file.
    images.shell("cp got.wasm d/bin/app.wasm; genromfs -d d -V name -f again.img");
    assert!(images.read("again.img") == images.read("new.img"));
    for (at, what) in [
        (60, "sum of the first 512 bytes"),
        (
            find(&images.read("rom.img"), b"app.wasm"),
            "sums of the headers",
        ),
    ] {
        images.flip("rom.img", at, "bad.img");
        images.refused("bad.img", &[what]);
    }
}

#[test]
fn archives_of_bsdtar_and_cpio() {
    if !have(&["bsdtar", "cpio", "gzip"]) {
        return;
    }
    let images = Images::new();
    images.shell("mkdir -p d; cp app.wasm app.bin other.txt d; rm -f d/app.bin");
    let check = |archive: &str| {
        images.replace(archive, "new", &[]);
        images.is_new_module(&images.shell("bsdtar -xOf new d/app.wasm"));
        assert_eq!(
            images.shell("bsdtar -xOf new d/other.txt"),
            images.read("other.txt")
        );
        assert_eq!(
            images.shell("bsdtar -tf new"),
            images.shell(&format!("bsdtar -tf {archive}"))
        );
    };
    for format in ["ustar", "gnutar", "pax", "v7"] {
        images.shell(&format!(
            "bsdtar --format={format} -cf a.tar d; gzip -9 -k -f a.tar"
        ));
        check("a.tar");
        images.shell("tar tf new > names");
        check("a.tar.gz");
        images.shell("gzip -t new");
        assert_eq!(images.read("new")[..16], images.read("a.tar.gz")[..16]);
    }
    for format in ["newc", "crc"] {
        images.shell(&format!("find d | sort | cpio -o -H {format} > a.cpio"));
        check("a.cpio");
        assert_eq!(images.read("new").len(), images.read("a.cpio").len());
        images.is_new_module(&images.shell("cpio -i --to-stdout d/app.wasm < new"));
        let complaint = images.shell("cpio -i --to-stdout < new 2>&1 >/dev/null");
        assert!(!String::from_utf8_lossy(&complaint).contains("checksum error"));
    }
    let at = find(&images.read("a.cpio"), b"what stays");
    images.flip("a.cpio", at, "bad.cpio");
    images.refused("bad.cpio", &["sums of all files"]);
    // An update for SWUpdate, and one for Mender.
    images.shell("echo 'software = {}' > sw-description; printf 'sw-description\\napp.wasm\\n' | cpio -o -H crc > a.swu");
    images.refused("a.swu", &["SWUpdate", "sw-description"]);
    images.shell("echo '{}' > version; cp version manifest; bsdtar --format=ustar -cf a.mender version manifest app.wasm");
    images.refused("a.mender", &["mender-artifact"]);
    // A signature beside.
    images.shell("echo x > app.wasm.sig; bsdtar --format=ustar -cf signed.tar app.wasm.sig app.wasm other.txt");
    images.refused("signed.tar", &["signed by app.wasm.sig", "--unsigned"]);
    images.replace("signed.tar", "new", &["--unsigned"]);
    assert_eq!(images.shell("bsdtar -tf new"), b"app.wasm\nother.txt\n");
    images.is_new_module(&images.shell("bsdtar -xOf new app.wasm"));
}

#[test]
fn packages_of_dpkg_and_archives_of_ar() {
    if !have(&["dpkg-deb", "ar", "xz"]) {
        return;
    }
    let images = Images::new();
    images.shell(
        "mkdir -p d/DEBIAN d/opt; cp app.wasm other.txt d/opt
         printf 'Package: a\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@example.com>\\nDescription: a\\n' > d/DEBIAN/control
         (cd d; md5sum opt/* > DEBIAN/md5sums)
         for way in gzip none xz; do dpkg-deb --root-owner-group -Z$way -b d $way.deb; done",
    );
    for way in ["gzip", "none"] {
        images.replace(&format!("{way}.deb"), "new.deb", &[]);
        images.shell("rm -rf out; dpkg-deb -I new.deb; dpkg-deb -x new.deb out");
        images.is_new_module(&images.read("out/opt/app.wasm"));
        assert_eq!(images.read("out/opt/other.txt"), images.read("other.txt"));
        // The sums are those of the files, and nothing else is another one.
        images.shell("cd out; dpkg-deb -e ../new.deb; md5sum -c DEBIAN/md5sums; cmp DEBIAN/control ../d/DEBIAN/control");
        let names = |deb: &str| {
            images.shell(&format!(
                "ar t {deb}; dpkg-deb -c {deb}; ar p {deb} debian-binary"
            ))
        };
        assert_eq!(names("new.deb"), names(&format!("{way}.deb")));
    }
    images.refused("xz.deb", &["data.tar.xz", "`xz -d`"]);
    images.shell("ar rcD lib.a app.wasm other.txt; ar rcD long.a app.wasm; cp app.wasm a-name-that-is-long.wasm; ar qcD long.a a-name-that-is-long.wasm");
    images.replace("lib.a", "new.a", &[]);
    images.is_new_module(&images.shell("ar p new.a app.wasm"));
    // Objects in it have symbols.
    if have(&["ld"]) {
        images.shell("ld -r -b binary -o app.o app.wasm; ar rcD objects.a app.o");
        images.replace("objects.a", "new.a", &["--slot", "_binary_app_wasm_start"]);
        images.shell("ar x new.a; objcopy -O binary app.o app.got");
        images.is_new_module(&images.read("app.got"));
    }
    images.replace(
        "long.a",
        "new.a",
        &["--slot", "a-name-that-is-long.wasm!0x0"],
    );
    images.is_new_module(&images.shell("ar p new.a a-name-that-is-long.wasm"));
    assert_eq!(images.shell("ar p new.a app.wasm"), images.read("app.wasm"));
}

#[test]
fn archives_of_zip() {
    if !have(&["zip", "unzip", "bsdtar"]) {
        return;
    }
    let images = Images::new();
    images.shell(
        "zip -X -0 stored.zip other.txt app.wasm app.wasm.txt || zip -X -0 stored.zip other.txt app.wasm
         zip -X -9 packed.zip other.txt app.wasm
         zip -X -9 - app.wasm other.txt | cat > streamed.zip
         bsdtar --format=zip -cf bsd.zip app.wasm other.txt
         zip -X -9 -z packed.zip < other.txt
         zip -X -9 inner.zip app.bin; zip -X -0 nested.zip inner.zip other.txt
         zip -X -e -P secret encrypted.zip app.wasm",
    );
    for archive in ["stored.zip", "packed.zip", "streamed.zip", "bsd.zip"] {
        images.replace(archive, "new.zip", &[]);
        images.shell("unzip -t new.zip");
        images.is_new_module(&images.shell("unzip -p new.zip app.wasm"));
        images.is_new_module(&images.shell("bsdtar -xOf new.zip app.wasm"));
        assert_eq!(
            images.shell("unzip -p new.zip other.txt"),
            images.read("other.txt")
        );
        assert_eq!(
            images.shell("unzip -z new.zip | tail -n +2"),
            images.shell(&format!("unzip -z {archive} | tail -n +2"))
        );
    }
    images.replace("nested.zip", "new.zip", &[]);
    images.shell("unzip -t new.zip; unzip -o new.zip inner.zip; unzip -t inner.zip");
    images.is_new_firmware(&images.shell("unzip -p inner.zip app.bin"));
    let sum = find(&images.read("stored.zip"), b"what stays");
    images.flip("stored.zip", sum, "bad.zip");
    assert!(images.complains("unzip -t bad.zip"));
    images.refused("bad.zip", &["CRC-32 of other.txt"]);
    images.refused("encrypted.zip", &["no module was found"]);
    // A signed jar.
    images.shell("mkdir META-INF; echo x > META-INF/A.SF; echo x > META-INF/A.RSA; zip -X -r signed.jar META-INF app.wasm");
    images.refused("signed.jar", &["META-INF/A.RSA", "jarsigner"]);
    images.replace("signed.jar", "new.jar", &["--unsigned"]);
    images.shell("unzip -t new.jar");
    images.is_new_module(&images.shell("unzip -p new.jar app.wasm"));
    assert_eq!(images.shell("unzip -Z1 new.jar"), b"META-INF/\napp.wasm\n");
}

#[test]
fn a_jar_that_jarsigner_has_signed() {
    if !have(&["keytool", "jarsigner", "zip", "unzip"]) {
        return;
    }
    let images = Images::new();
    images.shell(
        "keytool -genkeypair -keystore keys -storepass secret1 -alias me -keyalg EC -dname CN=me
         zip -X -0 app.jar app.wasm other.txt
         jarsigner -keystore keys -storepass secret1 app.jar me",
    );
    let verified = |jar: &str| {
        let said = images.shell(&format!("jarsigner -verify {jar}"));
        String::from_utf8(said).unwrap()
    };
    assert!(verified("app.jar").contains("jar verified"));
    images.refused("app.jar", &["META-INF/ME.EC", "jarsigner"]);
    images.replace("app.jar", "new.jar", &["--unsigned"]);
    let said = verified("new.jar");
    assert!(said.contains("jar is unsigned"), "{said}");
    images.is_new_module(&images.shell("unzip -p new.jar app.wasm"));
    // It can be signed again.
    images.shell("jarsigner -keystore keys -storepass secret1 new.jar me");
    assert!(verified("new.jar").contains("jar verified"));
}

#[test]
fn a_package_for_android_stays_aligned() {
    if !have(&["zip", "zipalign", "unzip"]) {
        return;
    }
    let images = Images::new();
    images.shell(
        "mkdir -p lib/arm; head -c 5000 /dev/zero > lib/arm/libapp.so; head -c 301 /dev/zero > a.arsc; cp a.arsc b.arsc
         mkdir META-INF; echo x > META-INF/A.SF; echo x > META-INF/A.RSA
         zip -X -9 raw.apk app.wasm; zip -X -0 raw.apk a.arsc META-INF/A.SF META-INF/A.RSA b.arsc lib/arm/libapp.so
         zipalign -p 4 raw.apk app.apk; zipalign -c -p 4 app.apk",
    );
    images.replace("app.apk", "new.apk", &["--unsigned"]);
    images.shell("zipalign -c -p 4 new.apk; unzip -t new.apk");
    images.is_new_module(&images.shell("unzip -p new.apk app.wasm"));
    assert_eq!(
        images.shell("unzip -p new.apk lib/arm/libapp.so a.arsc b.arsc"),
        [0; 5602]
    );
}

/// A UF2 with an MD5 of each sector of 4096 bytes, as the format has it, is made and read by Python.
#[test]
fn hashes_in_a_uf2_are_those_of_python() {
    if !have(&["python3"]) {
        return;
    }
    let images = Images::new();
    let python = |script: &str| {
        images.shell(&format!(
            "python3 - <<'END'\nimport hashlib, struct\n{script}\nEND"
        ))
    };
    python(
        "data = open('app.bin', 'rb').read()
data += bytes(-len(data) % 4096)
base = 0x10000000
out = b''
for at in range(0, len(data), 256):
    sector = at // 4096 * 4096
    head = struct.pack('<8I', 0x0A324655, 0x9E5D5157, 0x6000, base + at, 256, at // 256, len(data) // 256, 0xe48bff56)
    md5 = struct.pack('<II', base + sector, 4096) + hashlib.md5(data[sector:sector + 4096]).digest()
    out += head + data[at:at + 256] + bytes(476 - 256 - 24) + md5 + struct.pack('<I', 0x0AB16F30)
open('app.uf2', 'wb').write(out)",
    );
    images.replace("app.uf2", "new.uf2", &[]);
    python(
        "file = open('new.uf2', 'rb').read()
data = {}
hashes = {}
for at in range(0, len(file), 512):
    block = file[at:at + 512]
    begin, end, flags, address, length = struct.unpack('<5I', block[:20])
    data[address] = block[32:32 + length]
    of, size = struct.unpack('<II', block[484:492])
    hashes[of, size] = hashes.get((of, size), block[492:508])
    assert hashes[of, size] == block[492:508]
whole = b''.join(data[at] for at in sorted(data))
for (of, size), md5 in hashes.items():
    assert hashlib.md5(whole[of - min(data):][:size]).digest() == md5, hex(of)
open('new.bin', 'wb').write(whole)",
    );
    let mut found = images.read("new.bin");
    found.truncate(images.read("app.bin").len());
    images.is_new_firmware(&found);
    // One that is not of its sector.
    images.flip("app.uf2", 495, "bad.uf2");
    images.refused("bad.uf2", &["MD5 of the flash"]);
}

#[test]
fn file_systems_of_mkfs_fat() {
    if !have(&["mkfs.fat", "mcopy", "mdel", "fsck.fat"]) {
        return;
    }
    let images = Images::new();
    for (options, blocks) in [("-F 12", 1440), ("-F 16 -s 1", 8192), ("-F 32 -s 1", 40960)] {
        // Every second cluster is free when the module comes, so it lies in pieces.
        images.shell(&format!(
            "rm -f disk.img; mkfs.fat {options} -C disk.img {blocks}; mmd -i disk.img ::/bin
             for n in 1 2 3 4 5 6; do mcopy -i disk.img other.txt ::/f$n; done
             mdel -i disk.img ::/f2 ::/f4
             mcopy -i disk.img app.wasm '::/bin/a long name.wasm'"
        ));
        images.replace(
            "disk.img",
            "new.img",
            &["--slot", "bin/a long name.wasm!0x0"],
        );
        images.shell("fsck.fat -n new.img");
        images.is_new_module(&images.shell("mtype -i new.img '::/bin/a long name.wasm'"));
        assert_eq!(
            images.shell("mtype -i new.img ::/f3"),
            images.read("other.txt")
        );
    }
}

#[test]
fn file_systems_of_mksquashfs() {
    if !have(&["mksquashfs", "unsquashfs"]) {
        return;
    }
    let images = Images::new();
    images.shell("mkdir -p d/bin; cp app.wasm d/bin; cp other.txt d; seq 1 50000 > d/seq; chmod 711 d/bin; ln d/seq d/bin/link");
    for options in [
        "",
        "-b 65536",
        "-no-fragments",
        "-always-use-fragments -b 32768",
        "-noI -noD -noF -noX",
        "-comp xz",
        "-comp xz -b 262144 -Xdict-size 50% -Xbcj x86,arm",
        "-comp xz -no-fragments -b 32768",
        "-comp lzo -noI -noD -noF -noX",
        "-nopad -Xcompression-level 1",
    ] {
        images.shell(&format!(
            "rm -f disk.img; mksquashfs d disk.img -quiet {options}"
        ));
        images.replace("disk.img", "new.img", &[]);
        assert_eq!(images.read("new.img").len(), images.read("disk.img").len());
        images.shell(
            "rm -rf old new; unsquashfs -q -n -d old disk.img; unsquashfs -q -n -d new new.img",
        );
        images.is_new_module(&images.read("new/bin/app.wasm"));
        images.shell("rm new/bin/app.wasm old/bin/app.wasm; diff -r old new");
        for list in ["-lln", "-s"] {
            let said =
                |image: &str| images.shell(&format!("unsquashfs {list} {image} | tail -n +2"));
            assert_eq!(said("new.img"), said("disk.img"), "{options}");
        }
    }
    // Two files with the same bytes are one.
    images.shell("cp app.wasm d/twice.wasm; mksquashfs d disk.img -quiet -noappend");
    let listed = images.folder.run(&["retrofit", "disk.img"]).succeeded();
    let said =
        "twice.wasm has the bytes of bin/app.wasm, and what replaces that replaces all of them";
    assert!(listed.text().contains(said), "{}", listed.text());
    // A link is the file itself.
    let said = "seq has the bytes of bin/link";
    assert!(listed.text().contains(said), "{}", listed.text());
    images.replace("disk.img", "new.img", &[]);
    images.shell("rm -rf new; unsquashfs -q -n -d new new.img");
    images.is_new_module(&images.read("new/bin/app.wasm"));
    images.is_new_module(&images.read("new/twice.wasm"));
    // Behind a kernel, and with hashes behind it.
    images.shell("(cat app.bin; head -c 65536 /dev/zero) | head -c 65536 > flash; cat disk.img >> flash; (cat disk.img; printf 'verity\\0\\0\\1') > hashed");
    images.replace(
        "flash",
        "new-flash",
        &["--slot", "0x10000!bin/app.wasm!0x0"],
    );
    assert!(images.read("new-flash")[0x10000..] == images.read("new.img"));
    images.refused("hashed", &["veritysetup"]);
    for way in ["lzma", "lzo", "zstd"] {
        images.shell(&format!(
            "mksquashfs d disk.img -quiet -noappend -comp {way}"
        ));
        images.refused("disk.img", &[way, "mksquashfs"]);
    }
}

#[test]
fn a_block_without_room_for_a_module_that_compresses_worse_is_left_alone() {
    if !have(&["mksquashfs"]) {
        return;
    }
    let images = Images::new();
    let module = |data: &str| {
        let text = format!(
            r#"(module (memory (export "memory") 2) (func (export "_start")) (data (i32.const 8) "{data}"))"#
        );
        wat::parse_str(text).unwrap()
    };
    let mut state = 1u32;
    let noise = (0..4000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("\\{:02x}", state >> 24)
    });
    images.shell("mkdir d");
    images.folder.add("d/app.wasm", module(&"a".repeat(5000)));
    images
        .folder
        .add("new.wasm", module(&noise.collect::<String>()));
    images.shell("mksquashfs d disk.img -quiet");
    images.refused(
        "disk.img",
        &["app.wasm", "compresses as well", "unsquashfs"],
    );
}

#[test]
fn what_others_alone_can_write_is_refused_by_name() {
    let images = Images::new();
    for (tool, ending) in [
        ("xz", "xz"),
        ("zstd", "zst"),
        ("bzip2", "bz2"),
        ("lz4", "lz4"),
        ("lzma", "lzma"),
    ] {
        if have(&[tool]) {
            images.shell(&format!("{tool} -q -c app.wasm > app.wasm.{ending}"));
            images.refused(&format!("app.wasm.{ending}"), &[tool, "compressed"]);
        }
    }
    let littlefs = "import littlefs\nfs = littlefs.LittleFS(block_size=4096, block_count=32)\n\
                    f = fs.open('app.wasm', 'wb')\nf.write(open('app.wasm', 'rb').read())\nf.close()\n\
                    open('lfs.img', 'wb').write(fs.context.buffer)";
    if have(&["python3"]) && !images.complains("python3 -c 'import littlefs'") {
        images.shell(&format!("python3 - <<'END'\n{littlefs}\nEND"));
        images.refused("lfs.img", &["littlefs"]);
    }
}

#[test]
fn archives_with_sizes_of_64_bits() {
    if !have(&["python3", "unzip"]) {
        return;
    }
    let images = Images::new();
    for way in ["ZIP_STORED", "ZIP_DEFLATED"] {
        let script = format!(
            "import zipfile\nz = zipfile.ZipFile('wide.zip', 'w', zipfile.{way})\n\
             with z.open('app.wasm', 'w', force_zip64=True) as f: f.write(open('app.wasm', 'rb').read())\n\
             z.write('other.txt')\nz.close()"
        );
        images.shell(&format!("python3 - <<'END'\n{script}\nEND"));
        images.replace("wide.zip", "new.zip", &[]);
        images.shell("unzip -t new.zip; python3 -m zipfile -t new.zip");
        images.is_new_module(&images.shell("unzip -p new.zip app.wasm"));
    }
}

#[test]
fn images_of_imgtool() {
    if !have(&["imgtool"]) {
        return;
    }
    let images = Images::new();
    let sign = "imgtool sign --header-size 0x20 --pad-header --slot-size 0x40000 --version 1.0.0 --align 4";
    images.shell(&format!(
        "{sign} app.bin app.img; imgtool keygen -k key.pem -t ecdsa-p256; {sign} -k key.pem app.bin signed.img"
    ));
    images.replace("app.img", "new.img", &[]);
    images.shell("imgtool verify new.img");
    let length = images.read("app.bin").len();
    images.is_new_firmware(&images.read("new.img")[0x20..0x20 + length]);
    images.refused("signed.img", &["imgtool sign", "--unsigned"]);
    images.replace("signed.img", "new.img", &["--unsigned"]);
    images.shell("imgtool verify new.img");
    assert!(images.complains("imgtool verify -k key.pem new.img"));
    images.flip("app.img", 0x20 + 10, "bad.img");
    assert!(images.complains("imgtool verify bad.img"));
    images.refused("bad.img", &["SHA-256"]);
}

#[test]
fn images_of_imgtool_in_hex() {
    if !have(&["imgtool", "srec_cat"]) {
        return;
    }
    let images = Images::new();
    let sign = "imgtool sign --header-size 0x20 --pad-header --slot-size 0x40000 --version 1.0.0 --align 4 --hex-addr 0xc000";
    images.shell(&format!(
        "{sign} app.bin app.hex; {sign} --pad app.bin padded.hex
         imgtool keygen -k key.pem -t ecdsa-p256; {sign} -k key.pem app.bin signed.hex"
    ));
    images.refused("signed.hex", &["imgtool sign", "--unsigned"]);
    for (image, options) in [
        ("app.hex", &[][..]),
        ("padded.hex", &[]),
        ("signed.hex", &["--unsigned"]),
    ] {
        images.replace(image, "new.hex", options);
        images.shell(
            "imgtool verify new.hex; srec_cat new.hex -Intel -offset -0xc020 -o new.bin -Binary",
        );
        let mut found = images.read("new.bin");
        found.truncate(images.read("app.bin").len());
        images.is_new_firmware(&found);
        assert!(images.complains("imgtool verify -k key.pem new.hex"));
    }
    // One that is damaged before it is written as lines.
    images.shell("srec_cat app.hex -Intel -o bad.bin -Binary");
    images.flip("bad.bin", 0xc100, "bad.bin");
    images.shell("srec_cat bad.bin -Binary -crop 0xc000 0x40000 -o bad.hex -Intel");
    assert!(images.complains("imgtool verify bad.hex"));
    images.refused("bad.hex", &["0xc000: the SHA-256 of the MCUboot image"]);
}

#[test]
fn images_of_mkimage_in_a_memory() {
    if !have(&["mkimage", "dumpimage", "srec_cat"]) {
        return;
    }
    let images = Images::new();
    images.folder.add("boot.bin", [0xf7; 0x400]);
    images.shell(
        "mkimage -A arm -O linux -T kernel -C none -n test -d app.bin app.img
         image='boot.bin -Binary app.img -Binary -offset 0x400'
         srec_cat $image -o both.hex -Intel; srec_cat $image -o both.srec -Motorola
         srec_cat '(' $image ')' -fill 0xff 0 0x20000 -o flash.bin -Binary
         srec_cat app.img -Binary -offset 0x1000 -o far.hex -Intel",
    );
    for (image, from, begin) in [
        ("both.hex", "-Intel", 0x400),
        ("both.srec", "-Motorola", 0x400),
        ("flash.bin", "-Binary", 0x400),
        ("far.hex", "-Intel", 0x1000),
    ] {
        let end = begin + images.read("app.img").len();
        images.replace(image, "new", &[]);
        images.shell(&format!(
            "srec_cat new {from} -crop {begin} {end} -offset -{begin} -o new.img -Binary
             mkimage -l new.img | grep 'Image Name'; dumpimage -T kernel -p 0 -o new.bin new.img"
        ));
        images.is_new_firmware(&images.read("new.bin"));
    }
    // Damaged before it was written as lines.
    images.flip("app.img", 64 + 10, "bad.img");
    images.shell("srec_cat bad.img -Binary -offset 0x1000 -o bad.hex -Intel");
    images.refused("bad.hex", &["0x1000: the CRC-32 of the data"]);
}

/// An app for the ESP32-C3 with one segment.
fn esp_app(data: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut app = vec![0xe9, 1, 2, 0x20, 0, 0, 0x38, 0x40, 0xee, 0, 0, 0, 5, 0];
    app.resize(23, 0);
    app.push(1);
    let mut data = data.to_vec();
    data.resize(data.len().next_multiple_of(4), 0);
    app.extend(0x3fc8_0000u32.to_le_bytes());
    app.extend((data.len() as u32).to_le_bytes());
    app.extend(&data);
    let sum = data.iter().fold(0xef, |sum, byte| sum ^ byte);
    app.resize((app.len() + 1).next_multiple_of(16) - 1, 0);
    app.push(sum);
    let hash = Sha256::digest(&app);
    app.extend(hash);
    app
}

#[test]
fn images_that_esptool_reads() {
    if !have(&["esptool"]) {
        return;
    }
    let images = Images::new();
    let valid = |name: &str| {
        let said = images.shell(&format!("esptool --chip esp32c3 image-info {name}"));
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.matches("(valid)").count(), 2, "{said}");
    };
    let app = esp_app(&images.read("app.bin"));
    images.folder.add("app.img", &app);
    valid("app.img");
    images.replace("app.img", "new.img", &[]);
    valid("new.img");
    let length = images.read("app.bin").len();
    images.is_new_firmware(&images.read("new.img")[32..32 + length]);
    for (at, what) in [(40, "checksum"), (app.len() - 1, "SHA-256")] {
        images.flip("app.img", at, "bad.img");
        images.refused("bad.img", &[what]);
    }
    // A whole flash, which begins with the boot loader.
    let mut flash = esp_app(b"boot loader");
    flash.resize(0x8000, 0xff);
    let mut row = vec![0xaa, 0x50, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0];
    row.extend(b"factory");
    row.resize(32, 0);
    flash.extend(row);
    flash.resize(0x1_0000, 0xff);
    flash.extend(&app);
    flash.resize(0x3_0000, 0xff);
    images.folder.add("flash.bin", &flash);
    images.replace(
        "flash.bin",
        "new.bin",
        &["--slot", &format!("factory!{:#x}", 32 + NEIGHBOUR)],
    );
    let new = images.read("new.bin");
    images
        .folder
        .add("new.img", &new[0x1_0000..0x1_0000 + app.len()]);
    valid("new.img");
    assert!(new[..0x1_0000] == flash[..0x1_0000]);
}

#[test]
fn a_flash_that_esptool_merges() {
    if !have(&["esptool"]) {
        return;
    }
    let images = Images::new();
    images.folder.add("boot.img", esp_app(b"boot loader"));
    // The module reaches into the last block of a UF2.
    let module = prebuilt("hello-c.wasm");
    for contents in [
        images.read("app.bin"),
        [&[7; NEIGHBOUR], &module[..]].concat(),
    ] {
        let app = esp_app(&contents);
        images.folder.add("app.img", &app);
        for format in ["raw", "hex", "uf2"] {
            let merge = |app: &str, output: &str| {
                images.shell(&format!(
                    "esptool --chip esp32c3 merge-bin --format {format} -o {output} 0x1000 boot.img 0x10000 {app}"
                ))
            };
            merge("app.img", "flash");
            images.replace(
                "flash",
                "new",
                &["--slot", &format!("{:#x}", 0x1_0020 + NEIGHBOUR)],
            );
            // The tool makes the same of an app that is right.
            let mut new = contents.clone();
            images
                .folder
                .run(&["retrofit", "new", "--extract", "got.wasm"])
                .succeeded();
            let got = images.read("got.wasm");
            images.is_new_module(&got);
            new[NEIGHBOUR..NEIGHBOUR + got.len()].copy_from_slice(&got);
            images.folder.add("new.img", esp_app(&new));
            images.shell("esptool --chip esp32c3 image-info new.img");
            merge("new.img", "again");
            assert!(images.read("again") == images.read("new"), "{format}");
        }
    }
}

#[test]
fn damaged_images_are_refused_or_listed() {
    let images = Images::new();
    for (tools, script) in [
        (
            &["srec_cat"][..],
            "srec_cat app.bin -Binary -o image -Motorola",
        ),
        (
            &["mkimage"],
            "mkimage -A arm -O linux -T kernel -C none -n test -d app.bin image",
        ),
        (
            &["mkimage", "srec_cat"],
            "mkimage -A arm -O linux -T kernel -C none -n test -d app.bin app.img
             srec_cat app.bin -Binary app.img -Binary -offset 0x8000 -o image -Intel",
        ),
        (
            &["mksquashfs"],
            "mkdir -p q; cp app.wasm app.bin q; mksquashfs q image -quiet -noappend -b 4096",
        ),
        (
            &["mksquashfs"],
            "mkdir -p q; cp app.wasm app.bin q; mksquashfs q image -quiet -noappend -noI -comp xz",
        ),
        (
            &["genromfs"],
            "mkdir -p r; cp app.wasm r; genromfs -d r -f image",
        ),
        (
            &["bsdtar"],
            "bsdtar --format=pax -czf image app.wasm app.bin",
        ),
        (
            &["cpio"],
            "printf 'app.wasm\\napp.bin\\n' | cpio -o -H crc > image",
        ),
        (&["ar"], "rm -f image; ar rcD image app.wasm app.bin"),
        (
            &["zip"],
            "rm -f image image.zip; zip -X -9 image.zip app.wasm app.bin; mv image.zip image",
        ),
        (
            &["zip"],
            "rm -f image; echo x > app.sig; zip -X -0 image.zip app.sig app.wasm app.bin; mv image.zip image",
        ),
        (
            &["mkfs.fat", "mcopy"],
            "rm -f image; mkfs.fat -C image 1440; mcopy -i image app.wasm app.bin ::",
        ),
    ] {
        if have(tools) {
            images.shell(script);
            images.damaged("image");
        }
    }
}
