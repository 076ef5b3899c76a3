//! A file system in memory, read-only: `linked/files.wit`.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::filesystem::types::{
    Advice, Datetime, Descriptor, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, Error, ErrorCode, Filesize, Guest as Types, GuestDescriptor, GuestDirectoryEntryStream, InputStream,
    MetadataHashValue, NewTimestamp, OpenFlags, OutputStream, PathFlags,
};
use bindings::exports::wasi::filesystem::preopens::Guest as Preopens;

struct Virtual;
bindings::export!(Virtual with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

enum Node {
    File(&'static [u8]),
    Folder(&'static [(&'static str, Node)]),
}

static ROOT: Node = Node::Folder(&[
    ("greeting.txt", Node::File(b"hello from memory\n")),
    ("deep", Node::Folder(&[("empty", Node::File(b"")), ("number", Node::File(b"0123456789"))])),
]);

impl Node {
    fn kind(&self) -> DescriptorType {
        match self {
            Node::File(_) => DescriptorType::RegularFile,
            Node::Folder(_) => DescriptorType::Directory,
        }
    }

    fn stat(&self) -> DescriptorStat {
        DescriptorStat {
            type_: self.kind(),
            link_count: 1,
            size: match self {
                Node::File(bytes) => bytes.len() as u64,
                Node::Folder(_) => 0,
            },
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: Some(Datetime { seconds: 1, nanoseconds: 0 }),
        }
    }

    fn find(&'static self, path: &str) -> Result<&'static Node, ErrorCode> {
        let mut at = self;
        for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
            let Node::Folder(entries) = at else {
                return Err(ErrorCode::NotDirectory);
            };
            let found = entries.iter().find(|(name, _)| *name == part);
            at = &found.ok_or(ErrorCode::NoEntry)?.1;
        }
        Ok(at)
    }
}

struct Open(&'static Node);

struct Listing {
    entries: &'static [(&'static str, Node)],
    next: Cell<usize>,
}

impl Types for Virtual {
    type Descriptor = Open;
    type DirectoryEntryStream = Listing;

    fn filesystem_error_code(_: &Error) -> Option<ErrorCode> {
        None
    }
}

impl Preopens for Virtual {
    fn get_directories() -> Vec<(Descriptor, String)> {
        vec![(Descriptor::new(Open(&ROOT)), "/memory".into())]
    }
}

impl GuestDirectoryEntryStream for Listing {
    fn read_directory_entry(&self) -> Result<Option<DirectoryEntry>, ErrorCode> {
        let at = self.next.get();
        self.next.set(at + 1);
        Ok(self.entries.get(at).map(|(name, node)| DirectoryEntry {
            type_: node.kind(),
            name: (*name).into(),
        }))
    }
}

type Done<T> = Result<T, ErrorCode>;

impl GuestDescriptor for Open {
    fn read(&self, length: Filesize, offset: Filesize) -> Done<(Vec<u8>, bool)> {
        let Node::File(bytes) = self.0 else {
            return Err(ErrorCode::IsDirectory);
        };
        let begin = (offset as usize).min(bytes.len());
        let end = begin.saturating_add(length as usize).min(bytes.len());
        Ok((bytes[begin..end].to_vec(), end == bytes.len()))
    }
    fn read_directory(&self) -> Done<DirectoryEntryStream> {
        match self.0 {
            Node::Folder(entries) => Ok(DirectoryEntryStream::new(Listing {
                entries,
                next: Cell::new(0),
            })),
            Node::File(_) => Err(ErrorCode::NotDirectory),
        }
    }
    fn open_at(&self, _: PathFlags, path: String, how: OpenFlags, flags: DescriptorFlags) -> Done<Descriptor> {
        if how.contains(OpenFlags::CREATE) || flags.contains(DescriptorFlags::WRITE) {
            return Err(ErrorCode::ReadOnly);
        }
        Ok(Descriptor::new(Open(self.0.find(&path)?)))
    }
    fn stat(&self) -> Done<DescriptorStat> {
        Ok(self.0.stat())
    }
    fn stat_at(&self, _: PathFlags, path: String) -> Done<DescriptorStat> {
        Ok(self.0.find(&path)?.stat())
    }
    fn get_flags(&self) -> Done<DescriptorFlags> {
        Ok(DescriptorFlags::READ)
    }
    fn get_type(&self) -> Done<DescriptorType> {
        Ok(self.0.kind())
    }
    fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        core::ptr::eq(self.0, other.get::<Open>().0)
    }
    fn metadata_hash(&self) -> Done<MetadataHashValue> {
        Ok(MetadataHashValue { lower: self.0 as *const Node as u64, upper: 0 })
    }
    fn metadata_hash_at(&self, _: PathFlags, path: String) -> Done<MetadataHashValue> {
        Ok(MetadataHashValue { lower: self.0.find(&path)? as *const Node as u64, upper: 0 })
    }
    fn advise(&self, _: Filesize, _: Filesize, _: Advice) -> Done<()> {
        Ok(())
    }
    fn sync(&self) -> Done<()> {
        Ok(())
    }
    fn sync_data(&self) -> Done<()> {
        Ok(())
    }
    // There are no streams but the host's.
    fn read_via_stream(&self, _: Filesize) -> Done<InputStream> {
        Err(ErrorCode::Unsupported)
    }
    fn write_via_stream(&self, _: Filesize) -> Done<OutputStream> {
        Err(ErrorCode::ReadOnly)
    }
    fn append_via_stream(&self) -> Done<OutputStream> {
        Err(ErrorCode::ReadOnly)
    }
    fn write(&self, _: Vec<u8>, _: Filesize) -> Done<Filesize> {
        Err(ErrorCode::ReadOnly)
    }
    fn set_size(&self, _: Filesize) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn set_times(&self, _: NewTimestamp, _: NewTimestamp) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn set_times_at(&self, _: PathFlags, _: String, _: NewTimestamp, _: NewTimestamp) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn create_directory_at(&self, _: String) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn link_at(&self, _: PathFlags, _: String, _: DescriptorBorrow<'_>, _: String) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn readlink_at(&self, _: String) -> Done<String> {
        Err(ErrorCode::Invalid)
    }
    fn remove_directory_at(&self, _: String) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn rename_at(&self, _: String, _: DescriptorBorrow<'_>, _: String) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn symlink_at(&self, _: String, _: String) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
    fn unlink_file_at(&self, _: String) -> Done<()> {
        Err(ErrorCode::ReadOnly)
    }
}

