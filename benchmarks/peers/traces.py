# traces: velocity and exact divergence of a velocity field at once, in the ways a PyTorch user has.
import torch
from torch.func import jacfwd, jvp, vmap


def basis_for(x):
    """The d unit vectors, each repeated for every row: [d, rows, d], the cotangents of one batched backward pass."""
    d = x.shape[1]
    return torch.eye(d, dtype=x.dtype).unsqueeze(1).expand(d, x.shape[0], d)


def by_autograd(field, t, x, basis):
    """The authors' way: one recorded forward pass, then autograd batched over the basis vectors, keeping the graph."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        velocity = field(t, x)
    rows = torch.autograd.grad(velocity, x, basis, is_grads_batched=True, create_graph=True)[0]
    return velocity.detach(), rows.diagonal(dim1=0, dim2=2).sum(1).detach()


def by_jvp(field, t, x, basis):
    """Forward mode: one forward pass carries the d tangents of every row."""
    with torch.no_grad():
        along = lambda direction: jvp(lambda point: field(t, point), (x,), (direction,))
        velocity, columns = vmap(along, out_dims=(None, 0))(basis)
        return velocity, columns.diagonal(dim1=0, dim2=2).sum(1)


def by_jacfwd(field, t, x, basis):
    """Forward mode written per row: vmap(jacfwd) of the field at one point; the velocity comes along."""

    def at(point):
        velocity = field(t, point[None])[0]
        return velocity, velocity

    with torch.no_grad():
        jacobians, velocity = vmap(jacfwd(at, has_aux=True))(x)
        return velocity, jacobians.diagonal(dim1=1, dim2=2).sum(1)


methods = {"autograd": by_autograd, "jvp": by_jvp, "jacfwd": by_jacfwd}
