// The floor of floor.c for Go, which has no time-stamp intrinsic. SPDX-License-Identifier: Apache-2.0
#include "textflag.h"

#define STAMP \
	RDTSC        \
	SHLQ $32, DX \
	ORQ  DX, AX  \
	SHLQ $24, AX

// func floorPair(ring *uint64, n int)
TEXT ·floorPair(SB), NOSPLIT, $0-16
	MOVQ ring+0(FP), DI
	MOVQ n+8(FP), CX
	XORQ SI, SI

again:
	STAMP
	MOVQ AX, (DI)(SI*8)
	STAMP
	MOVQ AX, 8(DI)(SI*8)
	ADDQ $2, SI
	ANDQ $2047, SI
	DECQ CX
	JNZ  again
	RET

// func floorStamp(n int)
TEXT ·floorStamp(SB), NOSPLIT, $0-8
	MOVQ n+0(FP), CX

again:
	STAMP
	DECQ CX
	JNZ  again
	RET
