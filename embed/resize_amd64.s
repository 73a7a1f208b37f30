//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// func sumRowsAVX2(args *rowsArgs)
//
// rowsArgs has the loop; −bias is 0x8000. 64 columns at a time, the last 64
// perhaps once more.
TEXT ·sumRowsAVX2(SB), NOSPLIT, $0-8
	MOVQ     args+0(FP), DI
	MOVQ     rowsArgs_dst(DI), R8
	MOVQ     rowsArgs_src(DI), R9
	MOVQ     rowsArgs_stride(DI), R10
	MOVQ     rowsArgs_taps(DI), R11
	MOVQ     rowsArgs_rows(DI), R12
	MOVQ     rowsArgs_n(DI), R13
	SUBQ     $64, R13
	VPCMPEQW Y15, Y15, Y15
	VPSLLW   $15, Y15, Y15
	XORQ     AX, AX

columns:
	CMPQ    AX, R13
	CMOVQGT R13, AX
	LEAQ    (R9)(AX*1), SI
	MOVQ    R11, BX
	MOVQ    R12, CX
	VMOVDQA Y15, Y0
	VMOVDQA Y15, Y1
	VMOVDQA Y15, Y2
	VMOVDQA Y15, Y3

rows:
	VPBROADCASTW (BX), Y4
	VPMOVZXBW    (SI), Y5
	VPMOVZXBW    16(SI), Y6
	VPMOVZXBW    32(SI), Y7
	VPMOVZXBW    48(SI), Y8
	VPMULLW      Y4, Y5, Y5
	VPMULLW      Y4, Y6, Y6
	VPMULLW      Y4, Y7, Y7
	VPMULLW      Y4, Y8, Y8
	VPADDW       Y5, Y0, Y0
	VPADDW       Y6, Y1, Y1
	VPADDW       Y7, Y2, Y2
	VPADDW       Y8, Y3, Y3
	ADDQ         $2, BX
	ADDQ         R10, SI
	DECQ         CX
	JNZ          rows

	VMOVDQU Y0, (R8)(AX*2)
	VMOVDQU Y1, 32(R8)(AX*2)
	VMOVDQU Y2, 64(R8)(AX*2)
	VMOVDQU Y3, 96(R8)(AX*2)
	ADDQ    $64, AX
	LEAQ    -64(AX), DX
	CMPQ    DX, R13
	JLT     columns
	VZEROUPPER
	RET

// Two pixels of words become pairs of a channel: red with red and so on.
DATA pairsRGB<>+0(SB)/8, $0x0908030207060100
DATA pairsRGB<>+8(SB)/8, $0x808080800b0a0504
GLOBL pairsRGB<>(SB), RODATA|NOPTR, $16

DATA pairsBGR<>+0(SB)/8, $0x090803020b0a0504
DATA pairsBGR<>+8(SB)/8, $0x8080808007060100
GLOBL pairsBGR<>(SB), RODATA|NOPTR, $16

// func sumPixelsAVX2(args *pixelsArgs)
//
// pixelsArgs has the loop. Two rows to a register, a pixel in each half.
TEXT ·sumPixelsAVX2(SB), NOSPLIT, $0-8
	MOVQ           args+0(FP), DI
	VPBROADCASTD   pixelsArgs_start(DI), Y15
	VBROADCASTSS   pixelsArgs_inverse(DI), Y14
	VBROADCASTI128 pairsRGB<>(SB), Y13
	CMPQ           pixelsArgs_bgr(DI), $0
	JEQ            rgb
	VBROADCASTI128 pairsBGR<>(SB), Y13

rgb:
	MOVQ pixelsArgs_src(DI), R8
	MOVQ pixelsArgs_srcStride(DI), R9
	LEAQ (R9)(R9*2), R10
	MOVQ pixelsArgs_cells(DI), R11
	MOVQ pixelsArgs_taps(DI), BX
	MOVQ pixelsArgs_n(DI), R12
	MOVQ pixelsArgs_pairs(DI), R13
	MOVQ pixelsArgs_dstStride(DI), R14
	LEAQ (R14)(R14*2), DX
	MOVQ pixelsArgs_dst(DI), DI

pixels:
	MOVLQSX (R11), AX
	LEAQ    (R8)(AX*1), SI
	MOVQ    R13, CX
	VMOVDQA Y15, Y0
	VMOVDQA Y15, Y1

pairs:
	VBROADCASTI128 (BX), Y2
	VMOVDQU        (SI), X3
	VINSERTI128    $1, (SI)(R9*1), Y3, Y3
	VMOVDQU        (SI)(R9*2), X4
	VINSERTI128    $1, (SI)(R10*1), Y4, Y4
	VPSHUFB        Y13, Y3, Y3
	VPSHUFB        Y13, Y4, Y4
	VPMADDWD       Y2, Y3, Y3
	VPMADDWD       Y2, Y4, Y4
	VPADDD         Y3, Y0, Y0
	VPADDD         Y4, Y1, Y1
	ADDQ           $12, SI
	ADDQ           $16, BX
	DECQ           CX
	JNZ            pairs

	VCVTDQ2PS    Y0, Y0
	VCVTDQ2PS    Y1, Y1
	VMULPS       Y14, Y0, Y0
	VMULPS       Y14, Y1, Y1
	VCVTTPS2DQ   Y0, Y0
	VCVTTPS2DQ   Y1, Y1
	VPACKUSDW    Y1, Y0, Y0
	VPACKUSWB    Y0, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VMOVD        X0, (DI)
	VMOVD        X1, (DI)(R14*1)
	VPEXTRD      $1, X0, (DI)(R14*2)
	VPEXTRD      $1, X1, (DI)(DX*1)
	ADDQ         $3, DI
	ADDQ         $4, R11
	DECQ         R12
	JNZ          pixels
	VZEROUPPER
	RET

// For yuyvAVX2: words and double words, each in all of a register.
DATA byteMask<>+0(SB)/4, $0x00ff00ff
GLOBL byteMask<>(SB), RODATA|NOPTR, $4
DATA black<>+0(SB)/4, $0x00100010
GLOBL black<>(SB), RODATA|NOPTR, $4
DATA grey<>+0(SB)/4, $0x00800080
GLOBL grey<>(SB), RODATA|NOPTR, $4
DATA round<>+0(SB)/4, $0x00008000
GLOBL round<>(SB), RODATA|NOPTR, $4
DATA lumaEven<>+0(SB)/4, $0x00002a15 // 10773, 0
GLOBL lumaEven<>(SB), RODATA|NOPTR, $4
DATA lumaOdd<>+0(SB)/4, $0x2a150000 // 0, 10773
GLOBL lumaOdd<>(SB), RODATA|NOPTR, $4
DATA chromaR<>+0(SB)/4, $0x98950000 // 0, −26475
GLOBL chromaR<>(SB), RODATA|NOPTR, $4
DATA chromaG<>+0(SB)/4, $0x2fe19bb5 // −25675, 12257
GLOBL chromaG<>(SB), RODATA|NOPTR, $4
DATA chromaB<>+0(SB)/4, $0x00000469 // 1129, 0
GLOBL chromaB<>(SB), RODATA|NOPTR, $4

// The first and the second word of each double word, twice.
DATA first<>+0(SB)/8, $0x0504050401000100
DATA first<>+8(SB)/8, $0x0d0c0d0c09080908
GLOBL first<>(SB), RODATA|NOPTR, $16
DATA second<>+0(SB)/8, $0x0706070603020302
DATA second<>+8(SB)/8, $0x0f0e0f0e0b0a0b0a
GLOBL second<>(SB), RODATA|NOPTR, $16

// Where the bytes of eight pixels go: red and green from one register (8
// bytes each), blue from another, to the first 16 bytes and the last 8.
DATA mergeRG<>+0(SB)/8, $0x0a02800901800800
DATA mergeRG<>+8(SB)/8, $0x05800c04800b0380
GLOBL mergeRG<>(SB), RODATA|NOPTR, $16
DATA mergeB<>+0(SB)/8, $0x8080018080008080
DATA mergeB<>+8(SB)/8, $0x8004808003808002
GLOBL mergeB<>(SB), RODATA|NOPTR, $16
DATA tailRG<>+0(SB)/8, $0x800f07800e06800d
DATA tailRG<>+8(SB)/8, $0x8080808080808080
GLOBL tailRG<>(SB), RODATA|NOPTR, $16
DATA tailB<>+0(SB)/8, $0x0780800680800580
DATA tailB<>+8(SB)/8, $0x8080808080808080
GLOBL tailB<>(SB), RODATA|NOPTR, $16

// func yuyvAVX2(dst, line *byte, n int)
//
// The formula of Preprocess, with the multiples of 2¹⁶ taken out of it so that
// the factors fit 16 bits: with y = Y−16, d = U−128, e = V−128
//
//	R = y + 2·e + (10773·y            − 26475·e + 1<<15) >> 16
//	G = y −   e + (10773·y − 25675·d  + 12257·e + 1<<15) >> 16
//	B = y + 2·d + (10773·y +  1129·d            + 1<<15) >> 16
//
// A double word holds a pair of pixels. Sums are made for the first and the
// second of the pairs apart; the words wanted are the upper ones of both.
TEXT ·yuyvAVX2(SB), NOSPLIT, $0-24
	MOVQ           dst+0(FP), DI
	MOVQ           line+8(FP), SI
	MOVQ           n+16(FP), CX
	VPBROADCASTD   byteMask<>(SB), Y15
	VPBROADCASTD   black<>(SB), Y14
	VPBROADCASTD   grey<>(SB), Y13
	VPBROADCASTD   round<>(SB), Y12
	VPBROADCASTD   lumaEven<>(SB), Y11
	VPBROADCASTD   lumaOdd<>(SB), Y10
	VBROADCASTI128 first<>(SB), Y9
	VBROADCASTI128 second<>(SB), Y8

loop:
	VMOVDQU  (SI), Y0
	VPAND    Y15, Y0, Y1
	VPSUBW   Y14, Y1, Y1            // y, in the order of pixels
	VPSRLW   $8, Y0, Y0
	VPSUBW   Y13, Y0, Y0            // d, e, d, e …
	VPMADDWD Y11, Y1, Y2
	VPMADDWD Y10, Y1, Y3
	VPADDD   Y12, Y2, Y2            // 10773·y + 1<<15 of the first of each pair
	VPADDD   Y12, Y3, Y3            // and of the second

	// red, Y4
	VPBROADCASTD chromaR<>(SB), Y7
	VPMADDWD     Y7, Y0, Y7
	VPADDD       Y7, Y2, Y4
	VPADDD       Y7, Y3, Y5
	VPSRLD       $16, Y4, Y4
	VPBLENDW     $0xaa, Y5, Y4, Y4
	VPADDW       Y1, Y4, Y4
	VPSHUFB      Y8, Y0, Y6            // e, in the order of pixels
	VPADDW       Y6, Y4, Y4
	VPADDW       Y6, Y4, Y4

	// green, Y5
	VPSUBW       Y6, Y1, Y6
	VPBROADCASTD chromaG<>(SB), Y7
	VPMADDWD     Y7, Y0, Y7
	VPADDD       Y7, Y2, Y5
	VPADDD       Y7, Y3, Y7
	VPSRLD       $16, Y5, Y5
	VPBLENDW     $0xaa, Y7, Y5, Y5
	VPADDW       Y6, Y5, Y5
	VPACKUSWB    Y5, Y4, Y4            // red and green of 8 pixels in each half

	// blue, Y5
	VPBROADCASTD chromaB<>(SB), Y7
	VPMADDWD     Y7, Y0, Y7
	VPADDD       Y7, Y2, Y5
	VPADDD       Y7, Y3, Y7
	VPSRLD       $16, Y5, Y5
	VPBLENDW     $0xaa, Y7, Y5, Y5
	VPADDW       Y1, Y5, Y5
	VPSHUFB      Y9, Y0, Y6            // d
	VPADDW       Y6, Y5, Y5
	VPADDW       Y6, Y5, Y5
	VPACKUSWB    Y5, Y5, Y5

	VBROADCASTI128 mergeRG<>(SB), Y0
	VBROADCASTI128 mergeB<>(SB), Y1
	VBROADCASTI128 tailRG<>(SB), Y2
	VBROADCASTI128 tailB<>(SB), Y3
	VPSHUFB        Y0, Y4, Y0
	VPSHUFB        Y1, Y5, Y1
	VPSHUFB        Y2, Y4, Y2
	VPSHUFB        Y3, Y5, Y3
	VPOR           Y1, Y0, Y0
	VPOR           Y3, Y2, Y2
	VMOVDQU        X0, (DI)
	VMOVQ          X2, 16(DI)
	VEXTRACTI128   $1, Y0, 24(DI)
	VEXTRACTI128   $1, Y2, X2
	VMOVQ          X2, 40(DI)
	ADDQ           $32, SI
	ADDQ           $48, DI
	SUBQ           $16, CX
	JNZ            loop
	VZEROUPPER
	RET
