//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// func rowsAVX2(a *args)
//
// Rows has the loop. Four rows at a time, then one.
TEXT ·rowsAVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), DI
	MOVQ args_base(DI), DX
	MOVQ args_q(DI), BX
	MOVQ args_x(DI), R8
	MOVQ args_n(DI), CX
	MOVQ args_width(DI), R12
	MOVQ args_dst(DI), DI
	SUBQ $4, CX
	JLT  last

four:
	LEAQ  (R8)(R12*1), R9
	LEAQ  (R8)(R12*2), R10
	LEAQ  (R9)(R12*2), R11
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	XORQ  AX, AX

fourStep:
	VMOVDQU   (BX)(AX*2), Y4
	VPMOVSXBW (R8)(AX*1), Y5
	VPMOVSXBW (R9)(AX*1), Y6
	VPMOVSXBW (R10)(AX*1), Y7
	VPMOVSXBW (R11)(AX*1), Y8
	VPMADDWD  Y4, Y5, Y5
	VPMADDWD  Y4, Y6, Y6
	VPMADDWD  Y4, Y7, Y7
	VPMADDWD  Y4, Y8, Y8
	VPADDD    Y5, Y0, Y0
	VPADDD    Y6, Y1, Y1
	VPADDD    Y7, Y2, Y2
	VPADDD    Y8, Y3, Y3
	ADDQ      $16, AX
	CMPQ      AX, R12
	JLT       fourStep

	VPHADDD      Y1, Y0, Y0
	VPHADDD      Y3, Y2, Y2
	VPHADDD      Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VMOVDQU      (DX), X1
	VPSUBD       X0, X1, X0
	VMOVDQU      X0, (DI)
	ADDQ         $16, DX
	ADDQ         $16, DI
	LEAQ         (R8)(R12*4), R8
	SUBQ         $4, CX
	JGE          four

last:
	ADDQ $4, CX
	JZ   done

one:
	VPXOR Y0, Y0, Y0
	XORQ  AX, AX

oneStep:
	VPMOVSXBW (R8)(AX*1), Y5
	VPMADDWD  (BX)(AX*2), Y5, Y5
	VPADDD    Y5, Y0, Y0
	ADDQ      $16, AX
	CMPQ      AX, R12
	JLT       oneStep

	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VPHADDD      X0, X0, X0
	VPHADDD      X0, X0, X0
	VMOVD        X0, AX
	MOVL         (DX), R9
	SUBL         AX, R9
	MOVL         R9, (DI)
	ADDQ         $4, DX
	ADDQ         $4, DI
	ADDQ         R12, R8
	DECQ         CX
	JNZ          one

done:
	VZEROUPPER
	RET

// func pickedAVX2(a *args)
//
// Picked has the loop.
TEXT ·pickedAVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), DI
	MOVQ args_base(DI), DX
	MOVQ args_q(DI), BX
	MOVQ args_x(DI), R8
	MOVQ args_n(DI), CX
	MOVQ args_width(DI), R12
	MOVQ args_at(DI), SI
	MOVQ args_dst(DI), DI

pick:
	MOVLQSX (SI), R10
	MOVQ    R10, R9
	IMULQ   R12, R9
	ADDQ    R8, R9
	VPXOR   Y0, Y0, Y0
	XORQ    AX, AX

pickStep:
	VPMOVSXBW (R9)(AX*1), Y5
	VPMADDWD  (BX)(AX*2), Y5, Y5
	VPADDD    Y5, Y0, Y0
	ADDQ      $16, AX
	CMPQ      AX, R12
	JLT       pickStep

	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0x4e, X0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0xb1, X0, X1
	VPADDD       X1, X0, X0
	VMOVD        X0, AX
	MOVL         (DX)(R10*4), R9
	SUBL         AX, R9
	MOVL         R9, (DI)
	ADDQ         $4, SI
	ADDQ         $4, DI
	DECQ         CX
	JNZ          pick
	VZEROUPPER
	RET
