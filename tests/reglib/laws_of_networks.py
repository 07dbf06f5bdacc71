"""What holds of every network on one flat weight vector."""

import numpy as np

from reglib.diagnostics import gradient_error


def gradient_is_the_slope_of_the_value(net, w):
    h = 1e-5 * np.eye(net.size)
    slope = (net.value(w + h) - net.value(w - h)) / 2e-5
    gradient = net.gradient(w)
    assert np.linalg.norm(gradient - slope) <= 1e-7 * np.linalg.norm(gradient)
    assert gradient_error(net, w) < 1e-6


def a_leading_axis_gives_the_numbers_of_a_loop(net, w, rtol, atol):
    """w (2, 3, P)."""
    value, gradient = net.value_and_gradient(w)
    assert value.shape == (2, 3) and gradient.shape == w.shape
    for i in np.ndindex(2, 3):
        np.testing.assert_allclose(value[i], net.value(w[i]), rtol=1e-12)
        np.testing.assert_allclose(gradient[i], net.gradient(w[i]), rtol=rtol, atol=atol)


def data_may_carry_the_leading_axes_too(net, alone, w, rtol, atol):
    """w (3, P); `alone` are the networks on each of the three sets of data."""
    gradient, shared = net.gradient(w), net.gradient(w[0])
    for i in range(3):
        for found, at in ((gradient, w[i]), (shared, w[0])):
            np.testing.assert_allclose(found[i], alone[i].gradient(at), rtol=rtol, atol=atol)


def parts_of_the_rows_add_up(net, w, cut):
    """The mean of two parts' gradients is that of the whole."""
    parts = [net.on(slice(0, cut)), net.on(slice(cut, None))]
    mean = sum(part.gradient(w) * part.n_rows for part in parts) / net.n_rows
    np.testing.assert_allclose(mean, net.gradient(w), rtol=1e-10, atol=1e-13)


def a_spoiled_seed_leaves_its_neighbors_as_they_were(net, w, look=lambda spoiled: None):
    """w (3, P), of which the middle one diverges. Warnings are errors here."""
    before = net.gradient(w)
    for bad in (np.nan, np.inf, 1e300):
        spoiled = w.copy()
        spoiled[1] = bad
        value, gradient = net.value_and_gradient(spoiled)
        np.testing.assert_array_equal(gradient[[0, 2]], before[[0, 2]])
        assert np.isfinite(value[[0, 2]]).all()
        look(spoiled)
