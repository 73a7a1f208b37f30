#!/bin/bash
# avx512.sh [tier]: the kernels' tests and fuzz seeds of a tier, avx512vnni, on
# a processor that has its instructions, which need not be this one: the
# emulator Bochs boots a small Linux whose only program is the test binary. It
# takes a few minutes.
#
# It needs Bochs 3.0 or newer, as in Debian 13 (Linux refuses the vector
# registers of 2.7), and the kernel is a Debian package too:
#   apt-get install bochs bochsbios vgabios isolinux syslinux-common genisoimage
# BOCHS names another Bochs, built with --with-nogui, --enable-evex and without
# a debugger, which slows it down; BOCHS_CPU one of its processors:
#   BOCHS=…/bochs BOCHS_CPU=arrow_lake deploy/avx512.sh avxvnni
set -euo pipefail
cd "$(dirname "$0")/.."
tier=${1:-avx512vnni}
dir=build/avx512
rm -rf "$dir" && mkdir -p "$dir/files" "$dir/cd"

if [ ! -e build/avx512-vmlinuz ]; then
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/ *Depends: //p' | head -n 1)
	(cd "$dir" && apt-get -qq download "$package")
	dpkg-deb --fsys-tarfile "$dir"/linux-image-*.deb | tar -xO --wildcards './boot/vmlinuz-*' >build/avx512-vmlinuz
fi

GOOS=linux GOARCH=amd64 CGO_ENABLED=0 ${GO:-go} test -c -o "$dir/files/init" ./embed/kernel
(cd "$dir/files" && echo init | cpio -o -H newc --quiet) >"$dir/cd/initrd"
cp build/avx512-vmlinuz "$dir/cd/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$dir/cd/"
# The end of init is a panic, at which the machine stops. Bochs does not
# survive all that the kernel would do to itself for a processor like this.
cat >"$dir/cd/isolinux.cfg" <<END
default test
label test
kernel /vmlinuz
append initrd=/initrd console=ttyS0,115200 quiet panic=-1 reboot=t tsc=reliable lpj=1000000 no_timer_check acpi=off noapic nolapic nosmp noreplace-smp mitigations=off clearcpuid=erms,fsrm,smap,smep,pku,umip -- -test.v -test.run=FuzzConv|/$tier
END
genisoimage -quiet -o "$dir/disc.iso" -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$dir/cd"

cat >"$dir/bochsrc" <<END
megs: 256
cpu: model=${BOCHS_CPU:-tigerlake}, ips=20000000, reset_on_triple_fault=0, ignore_bad_msrs=1
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$dir/disc.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$dir/console
speaker: enabled=0
log: $dir/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
END
debugger=()
if [ -n "${BOCHS:-}" ]; then
	echo "display_library: nogui" >>"$dir/bochsrc"
else # Debian's has other displays, sound and a debugger, which waits to be told
	cat >>"$dir/bochsrc" <<END
display_library: rfb, options="timeout=0"
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
END
	echo c >"$dir/continue"
	debugger=(-rc "$dir/continue")
fi
: >"$dir/console"
"${BOCHS:-bochs}" -q "${debugger[@]}" -f "$dir/bochsrc" >"$dir/screen" 2>&1 </dev/null &
tail -n +1 -f --pid=$! "$dir/console" | grep --line-buffered -v '^\[' || true
if ! grep -q 'exitcode=0x00000000' "$dir/console"; then
	echo "avx512: the tests failed, or the machine did not start: see $dir/console and $dir/screen" >&2
	exit 1
fi
if ! grep -q "PASS: TestDense/$tier" "$dir/console"; then
	echo "avx512: the processor cannot run $tier: is this Bochs 3.0? BOCHS_CPU names another processor" >&2
	exit 1
fi
