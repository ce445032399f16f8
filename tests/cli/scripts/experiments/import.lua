import torch
from x import y
